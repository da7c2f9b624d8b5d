/** Conversions between dtypes. */
import { dtypeOfElementType } from "../onnx/constants.ts";
import type { Dtype } from "../tensor.ts";
import { type F64, type I64, isF64, type Num } from "./expr.ts";
import type { Operator } from "./operator.ts";

export const CAST: readonly Operator[] = [
  {
    name: "Cast",
    since: 6,
    remark:
      "floats to integers saturate at 64 bits, of which narrower dtypes keep the low ones; NaN gives 0; no strings",
    lower: (node) => {
      node.attributes.ignore("saturate", "round_mode");
      const to = dtypeOfElementType(node.attributes.int("to") ?? 0);
      const { dtype: from } = node.tensor(0);
      return from === to ? node.tensor(0) : node.elementwise((x) => converted(x, from, to), to);
    },
  },
  {
    name: "CastLike",
    since: 15,
    lower: (node) => {
      node.attributes.ignore("saturate", "round_mode");
      const { dtype: to } = node.tensor(1);
      const x = node.tensor(0);
      return node.kernels.elementwise(to, [x], (value) => converted(value, x.dtype, to));
    },
  },
];

/**
 * Floats to integers truncate and saturate at 64 bits, of which narrower dtypes keep the low ones; NaN gives 0. To bool:
 * what is not 0.
 */
export function converted(x: Num, from: Dtype, to: Dtype): Num {
  const value = from === "bool" ? x.ne(0).bit() : x;
  if (to === "bool") return value.ne(0).bit();
  const isToFloat = to === "f32" || to === "f64";
  if (isF64(value)) return isToFloat ? value : value.toI64();
  if (!isToFloat) return value;
  return from === "i64" && to === "f32" ? roundedOnce(value as I64) : (value as I64).toF64();
}

/** Beyond 2^53 a conversion to f64 rounds, and the store to f32 would round again. */
const EXACT_LIMIT = 2n ** 53n;
/** Bits below the 53 that an f64 keeps of 64. */
const DROPPED = 2n ** 11n - 1n;

/** An f64 that rounds to the f32 nearest to `x`: what it drops is kept as one sticky bit, so that no tie is made up. */
function roundedOnce(x: I64): F64 {
  const sticky = x
    .bitAnd(DROPPED)
    .ne(0)
    .select(DROPPED + 1n, x.sub(x));
  const odd = x.bitAnd(~DROPPED).bitOr(sticky);
  const isExact = x.add(EXACT_LIMIT).isBelow(2n * EXACT_LIMIT);
  return isExact.select(x, odd).toF64();
}
