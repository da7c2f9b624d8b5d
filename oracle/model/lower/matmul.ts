/** Matrix products: sums run along contiguous memory on both sides. */
import type { I64, Num } from "./expr.ts";
import { type Kernels, load } from "./kernels.ts";
import { contiguousAlong } from "./layout.ts";
import type { Operator } from "./operator.ts";
import type { Tensor } from "./tensor.ts";
import { broadcastDims, broadcastTo, squeezed, transposed, unsqueezed } from "./view.ts";

export const MATMUL: readonly Operator[] = [
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
      if (c === undefined) return matmul(kernels, a, b, (sum) => scaled(sum, alpha));
      const bias = broadcastTo(c, [a.dims[0] ?? 0, b.dims[1] ?? 0]);
      return matmul(kernels, a, b, (sum, at) => scaled(sum, alpha).add(scaled(load(bias, at), beta)));
    },
  },
];

/** What becomes of a sum, given the indices of its element. */
type Finish = (sum: Num, at: readonly I64[]) => Num;

/** numpy's matmul: outer dimensions broadcast, a vector is a row on the left and a column on the right. */
export function matmul(kernels: Kernels, left: Tensor, right: Tensor, finish: Finish = (sum) => sum): Tensor {
  if (left.dims.length === 0 || right.dims.length === 0) throw new RangeError("a scalar is no matrix");
  const a = left.dims.length === 1 ? unsqueezed(left, [0]) : left;
  const b = right.dims.length === 1 ? unsqueezed(right, [1]) : right;
  const depth = a.dims.at(-1) ?? 0;
  if (b.dims.at(-2) !== depth) throw new RangeError(`[${left.dims.join(", ")}] times [${right.dims.join(", ")}]`);
  const outer = broadcastDims(a.dims.slice(0, -2), b.dims.slice(0, -2));
  const rows = broadcastTo(contiguousAlong(kernels, a, [a.dims.length - 1]), [...outer, a.dims.at(-2) ?? 0, depth]);
  const columns = broadcastTo(contiguousAlong(kernels, b, [b.dims.length - 2]), [...outer, depth, b.dims.at(-1) ?? 0]);
  const dims = [...outer, a.dims.at(-2) ?? 0, b.dims.at(-1) ?? 0];
  const product = kernels.reduce(left.dtype, dims, {
    digits: [depth],
    init: left.dtype === "f32" || left.dtype === "f64" ? 0 : 0n,
    step: (sum, [k], at) => {
      const [m, n] = at.slice(-2);
      if (k === undefined || m === undefined || n === undefined) throw new RangeError("no matrix");
      const batch = at.slice(0, -2);
      return sum.add(load(rows, [...batch, m, k]).mul(load(columns, [...batch, k, n])));
    },
    finish,
  });
  const dropped = [
    ...(left.dims.length === 1 ? [dims.length - 2] : []),
    ...(right.dims.length === 1 ? [dims.length - 1] : []),
  ];
  return squeezed(product, dropped);
}
