/** Where a reduction reads: contiguous bytes make its proof five times cheaper than scattered ones. */
import { CHUNK_BYTES, DTYPES } from "../tensor.ts";
import type { Kernels } from "./kernels.ts";
import type { Tensor } from "./tensor.ts";
import { memoryOrder, mergeDims, transposed } from "./view.ts";

/** A tensor of so few chunks is read whole at little cost, whatever the order. */
const SMALL_CHUNKS = 16;
/** So few steps touch few chunks, whatever the order. */
const FEW_STEPS = 16;

/** The tensor, or a copy in which `axes` are innermost if reducing them would jump about in memory. */
export function contiguousAlong(kernels: Kernels, tensor: Tensor, axes: readonly number[]): Tensor {
  const chunks = (tensor.source.count * DTYPES[tensor.dtype].bytes) / CHUNK_BYTES;
  const steps = axes.reduce((product, axis) => product * (tensor.dims[axis] ?? 1), 1);
  if (chunks <= SMALL_CHUNKS || steps <= FEW_STEPS || isContiguous(tensor, axes)) return tensor;
  const order = memoryOrder(tensor);
  const isReduced = (axis: number) => axes.includes(axis);
  return kernels.laidOut(tensor, [...order.filter((axis) => !isReduced(axis)), ...order.filter(isReduced)]);
}

/** Whether the elements along these axes are one run of memory. */
function isContiguous(tensor: Tensor, axes: readonly number[]): boolean {
  const order = memoryOrder(tensor).filter((axis) => axes.includes(axis));
  const { dims, strides } = mergeDims([transposed(tensor, order)]);
  return dims.length === 0 || (dims.length === 1 && strides[0]?.[0] === 1);
}
