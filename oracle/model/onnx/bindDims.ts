import { elementCount } from "../tensor.ts";
import { DimBindingError, TensorTooLargeError, UnboundDimsError } from "./errors.ts";
import type { Signature, TensorSignature } from "./signature.ts";

type Sizes = Readonly<Record<string, number>>;

/** Kernels index elements with 31 bits. */
const MAX_ELEMENTS = 2 ** 31 - 1;

/**
 * Fixes every open dimension of a signature.
 * @param sizes the size of each open dimension by its name, a positive integer
 * @throws DimBindingError for a name that the signature does not have or a size that is no positive integer
 * @throws UnboundDimsError naming all the dimensions that `sizes` lacks
 * @throws TensorTooLargeError for a tensor of 2^31 elements or more
 */
export function bindDims(signature: Signature, sizes: Sizes): Signature<number> {
  const open = openDims(signature);
  for (const [dim, size] of Object.entries(sizes)) {
    if (!open.has(dim)) throw new DimBindingError(dim, size, "no dimension has this name");
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new DimBindingError(dim, size, "a size is a positive integer");
    }
  }
  const unbound = [...open].filter((dim) => !Object.hasOwn(sizes, dim));
  if (unbound.length > 0) throw new UnboundDimsError(unbound);
  return {
    inputs: signature.inputs.map((tensor) => bindTensor(tensor, sizes)),
    outputs: signature.outputs.map((tensor) => bindTensor(tensor, sizes)),
  };
}

/** The names of the dimensions that the model leaves open, in order of appearance. */
function openDims({ inputs, outputs }: Signature): ReadonlySet<string> {
  const dims = [...inputs, ...outputs].flatMap((tensor) => tensor.dims);
  return new Set(dims.filter((dim) => typeof dim === "string"));
}

function bindTensor({ name, dtype, dims }: TensorSignature, sizes: Sizes): TensorSignature<number> {
  const bound = dims.map((dim) => (typeof dim === "string" ? (sizes[dim] as number) : dim));
  if (elementCount(bound) > MAX_ELEMENTS) {
    throw new TensorTooLargeError(name, bound);
  }
  return { name, dtype, dims: bound };
}
