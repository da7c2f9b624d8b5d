/** Movements of data that move none: new tensors over the same source. */
import { InvalidNodeError } from "../onnx/errors.ts";
import { elementCount } from "../tensor.ts";
import { isRowMajor, rowMajorStrides, type Tensor } from "./tensor.ts";

/** Dimension i of the result is dimension `order[i]` of the tensor. */
export function transposed(tensor: Tensor, order: readonly number[]): Tensor {
  return { ...tensor, dims: pick(tensor.dims, order), strides: pick(tensor.strides, order) };
}

/** Element i along `axis` is element `start + i * step`; the step may be negative, the range must be inside. */
export function sliced(tensor: Tensor, axis: number, start: number, step: number, count: number): Tensor {
  const stride = tensor.strides[axis] ?? 0;
  return {
    ...tensor,
    dims: tensor.dims.with(axis, count),
    strides: tensor.strides.with(axis, stride * step),
    offset: count === 0 ? tensor.offset : tensor.offset + start * stride,
  };
}

/** Repeats dimensions of 1, and adds outer ones, to reach `dims`. */
export function broadcastTo(tensor: Tensor, dims: readonly number[]): Tensor {
  const added = dims.length - tensor.dims.length;
  const strides = dims.map((dim, axis) => {
    const own = tensor.dims[axis - added];
    if (own === undefined || (own === 1 && dim !== 1)) return 0;
    if (own !== dim)
      throw new InvalidNodeError(`[${tensor.dims.join(", ")}] does not broadcast to [${dims.join(", ")}]`);
    return tensor.strides[axis - added] ?? 0;
  });
  if (added < 0) throw new InvalidNodeError(`[${tensor.dims.join(", ")}] does not broadcast to [${dims.join(", ")}]`);
  return { ...tensor, dims, strides };
}

/** The dimensions that tensors of these dimensions broadcast to together. */
export function broadcastDims(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((dims) => dims.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((dims) => dims[axis - rank + dims.length] ?? 1).filter((size) => size !== 1);
    const size = sizes[0] ?? 1;
    if (sizes.some((other) => other !== size)) {
      throw new InvalidNodeError(`${shapes.map((dims) => `[${dims.join(", ")}]`).join(" and ")} do not broadcast`);
    }
    return size;
  });
}

/** With a dimension of 1 before each of these places of the result. */
export function unsqueezed(tensor: Tensor, axes: readonly number[]): Tensor {
  return axes
    .toSorted((a, b) => a - b)
    .reduce(
      ({ dims, strides, ...rest }, axis) => ({
        ...rest,
        dims: dims.toSpliced(axis, 0, 1),
        strides: strides.toSpliced(axis, 0, 0),
      }),
      tensor,
    );
}

/** Without the dimensions at these places. */
export function squeezed(tensor: Tensor, axes: readonly number[]): Tensor {
  const isKept = (_: number, axis: number) => !axes.includes(axis);
  return { ...tensor, dims: tensor.dims.filter(isKept), strides: tensor.strides.filter(isKept) };
}

/**
 * The same elements, row-major, in other dimensions; undefined if strides cannot say that, so that a copy is needed.
 * Groups of dimensions with equal products are matched; inside a group the elements must be evenly spaced.
 */
export function reshaped(tensor: Tensor, dims: readonly number[]): Tensor | undefined {
  if (isRowMajor(tensor)) return { ...tensor, dims, strides: rowMajorStrides(dims) };
  const merged = mergeDims([tensor]);
  const strides: number[] = [];
  let axis = 0;
  let rest = merged.dims[0] ?? 1;
  for (const dim of dims) {
    if (dim === 1) {
      strides.push(0);
      continue;
    }
    if (rest === 1) rest = merged.dims[++axis] ?? 1;
    if (rest % dim !== 0) return undefined;
    rest /= dim;
    strides.push((merged.strides[0]?.[axis] ?? 0) * rest);
  }
  return { ...tensor, dims, strides };
}

/** Drops dimensions of 1 and joins neighbours that every one of the tensors, all of the same dimensions, steps through evenly. */
export function mergeDims(tensors: readonly Tensor[]): { dims: number[]; strides: number[][] } {
  const shape = tensors[0]?.dims ?? [];
  const dims: number[] = [];
  const strides: number[][] = tensors.map(() => []);
  for (const [axis, dim] of shape.entries()) {
    if (dim === 1) continue;
    const last = dims.length - 1;
    const isEven = tensors.every(({ strides: own }, t) => strides[t]?.[last] === (own[axis] ?? 0) * dim);
    if (last >= 0 && isEven) {
      dims[last] = (dims[last] ?? 1) * dim;
      for (const [t, tensor] of tensors.entries()) strides[t]?.splice(last, 1, tensor.strides[axis] ?? 0);
    } else {
      dims.push(dim);
      for (const [t, tensor] of tensors.entries()) strides[t]?.push(tensor.strides[axis] ?? 0);
    }
  }
  return { dims, strides };
}

/** Places in `order` of decreasing distance in memory: how to walk a tensor as it lies. Repeated dimensions stay outermost. */
export function memoryOrder({ dims, strides }: Tensor): number[] {
  const stride = (axis: number) => {
    const own = strides[axis] ?? 0;
    // A dimension of 1 or a repeated one lies nowhere in particular.
    return own === 0 || dims[axis] === 1 ? Number.POSITIVE_INFINITY : Math.abs(own);
  };
  const place = (a: number, b: number) => (stride(a) === stride(b) ? a - b : stride(b) - stride(a));
  return dims.map((_, axis) => axis).sort(place);
}

/** The place of each number in `order`. */
export function inverse(order: readonly number[]): number[] {
  return order.map((_, place) => order.indexOf(place));
}

export function pick<T>(items: readonly T[], places: readonly number[]): T[] {
  return places.map((place) => {
    const item = items[place];
    if (item === undefined) throw new InvalidNodeError(`no dimension ${place} of ${items.length}`);
    return item;
  });
}

/** The number of elements of a tensor. */
export function sizeOf({ dims }: Tensor): number {
  return elementCount(dims);
}
