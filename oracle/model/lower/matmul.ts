/** Matrix products: sums run along contiguous memory on both sides. */
import { InvalidNodeError } from "../onnx/errors.ts";
import type { Dtype } from "../tensor.ts";
import { type I64, i64, type Num } from "./expr.ts";
import { type Kernels, load } from "./kernels.ts";
import { contiguousAlong } from "./layout.ts";
import { NUMBERS, type Operator, taking } from "./operator.ts";
import type { Tensor } from "./tensor.ts";
import { broadcastDims, broadcastTo, squeezed, transposed, unsqueezed } from "./view.ts";

export const MATMUL: readonly Operator[] = taking(NUMBERS, [
  { name: "MatMul", since: 1, lower: (node) => matmul(node.kernels, node.tensor(0), node.tensor(1)) },
  {
    name: "Gemm",
    since: 7,
    lower: (node) => {
      const { attributes, kernels } = node;
      const alpha = attributes.float("alpha") ?? 1;
      const beta = attributes.float("beta") ?? 1;
      const a = attributes.flag("transA", false) ? transposed(node.tensor(0), [1, 0]) : node.tensor(0);
      const b = attributes.flag("transB", false) ? transposed(node.tensor(1), [1, 0]) : node.tensor(1);
      const c = node.optionalTensor(2);
      const scaled = (x: Num, factor: number) => (factor === 1 ? x : x.mul(factor));
      if (c === undefined) return matmul(kernels, a, b, { finish: (sum) => scaled(sum, alpha) });
      const bias = broadcastTo(c, [a.dims[0] ?? 0, b.dims[1] ?? 0]);
      return matmul(kernels, a, b, {
        finish: (sum, at) => scaled(sum, alpha).add(scaled(load(bias, at), beta)),
      });
    },
  },
]);

/** What a matrix product does with its products. Indices are those of the result, of rank 2 at least. */
export interface Product {
  /** The left matrix's by default. */
  readonly dtype?: Dtype;
  product?(x: Num, y: Num, at: readonly I64[]): Num;
  finish?(sum: Num, at: readonly I64[]): Num;
}

/** The dimensions of a product of stacks of matrices, a vector being one of one row or column. */
export function productDims(left: Tensor, right: Tensor): number[] {
  const [a, b] = asMatrices(left, right);
  return [...broadcastDims(a.dims.slice(0, -2), b.dims.slice(0, -2)), a.dims.at(-2) ?? 0, b.dims.at(-1) ?? 0];
}

function asMatrices(left: Tensor, right: Tensor): [Tensor, Tensor] {
  if (left.dims.length === 0 || right.dims.length === 0) throw new InvalidNodeError("a scalar is no matrix");
  const a = left.dims.length === 1 ? unsqueezed(left, [0]) : left;
  const b = right.dims.length === 1 ? unsqueezed(right, [1]) : right;
  if (a.dims.at(-1) !== b.dims.at(-2)) {
    throw new InvalidNodeError(`[${left.dims.join(", ")}] times [${right.dims.join(", ")}]`);
  }
  return [a, b];
}

/** numpy's matmul: outer dimensions broadcast, a vector is a row on the left and a column on the right. */
export function matmul(kernels: Kernels, left: Tensor, right: Tensor, options: Product = {}): Tensor {
  const [a, b] = asMatrices(left, right);
  const dims = productDims(left, right);
  const outer = dims.slice(0, -2);
  const depth = a.dims.at(-1) ?? 0;
  const rows = broadcastTo(contiguousAlong(kernels, a, [a.dims.length - 1]), [...outer, dims.at(-2) ?? 0, depth]);
  const columns = broadcastTo(contiguousAlong(kernels, b, [b.dims.length - 2]), [...outer, depth, dims.at(-1) ?? 0]);
  const { dtype = left.dtype, product = (x, y) => x.mul(y), finish } = options;
  const result = kernels.reduce(dtype, dims, {
    digits: [depth],
    init: left.dtype === "f32" || left.dtype === "f64" ? 0 : 0n,
    step: (sum, [k = i64(0)], at) => {
      const [m = i64(0), n = i64(0)] = at.slice(-2);
      const batch = at.slice(0, -2);
      return sum.add(product(load(rows, [...batch, m, k]), load(columns, [...batch, k, n]), at));
    },
    ...(finish === undefined ? {} : { finish }),
  });
  const row = left.dims.length === 1 ? [dims.length - 2] : [];
  const column = right.dims.length === 1 ? [dims.length - 1] : [];
  return squeezed(result, [...row, ...column]);
}
