/** Elements in memory: what loads and stores are in WebAssembly. */
import { DTYPES, type Dtype } from "../../model/tensor.ts";
import type { Expression, Local, ModuleBuilder } from "../wasmBuilder.ts";
import { canonicalVector, f32Lanes } from "./lanes.ts";
import { canonicalF64, type Scratch } from "./operators.ts";

const F32_CANONICAL_NAN = 0x7fc00000;

/** The element at an address, as the value that a load gives. */
export function loadElement(m: ModuleBuilder, dtype: Dtype, offset: number, address: Expression): Expression {
  switch (dtype) {
    case "f32":
      return m.f64.promote(m.f32.load(offset, 4, address));
    case "f64":
      return m.f64.load(offset, 8, address);
    case "i8":
      return m.i64.load8_s(offset, 1, address);
    case "u8":
    case "bool":
      return m.i64.load8_u(offset, 1, address);
    case "i16":
      return m.i64.load16_s(offset, 2, address);
    case "u16":
      return m.i64.load16_u(offset, 2, address);
    case "i32":
      return m.i64.load32_s(offset, 4, address);
    case "u32":
      return m.i64.load32_u(offset, 4, address);
    case "i64":
      return m.i64.load(offset, 8, address);
  }
}

/** Where an element is stored. */
export interface Target {
  readonly dtype: Dtype;
  readonly address: Expression;
  readonly offset: number;
  /** An element that nobody sees: a NaN need not be canonical. */
  readonly isHidden: boolean;
}

/** Stores a value as an element. */
export function storeElement(m: ModuleBuilder, target: Target, value: Expression, scratch: Scratch): Expression {
  const { dtype, address, offset, isHidden } = target;
  switch (dtype) {
    case "f32":
      if (isHidden) return m.f32.store(offset, 4, address, m.f32.demote(value));
      return m.i32.store(offset, 4, address, f32Bits(m, value, scratch));
    case "f64":
      return m.f64.store(offset, 8, address, isHidden ? value : canonicalF64(m, value, scratch));
    case "bool":
      return m.i64.store8(offset, 1, address, m.i64.extend_u(m.i64.ne(value, m.i64.const(0n))));
    case "i8":
    case "u8":
      return m.i64.store8(offset, 1, address, value);
    case "i16":
    case "u16":
      return m.i64.store16(offset, 2, address, value);
    case "i32":
    case "u32":
      return m.i64.store32(offset, 4, address, value);
    case "i64":
      return m.i64.store(offset, 8, address, value);
  }
}

/** Stores both lanes of an f64 vector as elements side by side, or the first one only. */
export function storeLanes(
  m: ModuleBuilder,
  { dtype, address, offset, isHidden }: Target & { readonly dtype: "f32" | "f64" },
  value: Expression,
  isWhole: boolean,
  scratch: () => Local,
): Expression {
  if (dtype === "f32") {
    const lanes = isHidden ? m.f32x4.demote_f64x2_zero(value) : f32Lanes(m, value, scratch);
    const { store64_lane, store32_lane } = m.v128;
    return isWhole ? store64_lane(offset, 4, 0, address, lanes) : store32_lane(offset, 4, 0, address, lanes);
  }
  const lanes = isHidden ? value : canonicalVector(m, value, scratch);
  return isWhole ? m.v128.store(offset, 8, address, lanes) : m.v128.store64_lane(offset, 8, 0, address, lanes);
}

function f32Bits(m: ModuleBuilder, value: Expression, scratch: Scratch): Expression {
  const x = scratch("f64");
  const first = x.tee(value);
  const bits = m.i32.reinterpret(m.f32.demote(first));
  return m.select(m.f64.eq(x.get(), x.get()), bits, m.i32.const(F32_CANONICAL_NAN));
}

/** The bytes from the first element to that of an i64 index within 32 bits. */
export function byteOffset(m: ModuleBuilder, dtype: Dtype, index: Expression): Expression {
  const { bytes } = DTYPES[dtype];
  const index32 = m.i32.wrap(index);
  return bytes === 1 ? index32 : m.i32.shl(index32, m.i32.const(31 - Math.clz32(bytes)));
}
