/** Bytes that are not an ONNX model. */
export class MalformedOnnxError extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(`not an ONNX model: ${reason}`, options);
    this.name = "MalformedOnnxError";
  }
}

/** An input or output of a type that Assay does not carry. */
export class UnsupportedTensorError extends Error {
  readonly tensor: string;
  /** In ONNX's notation, such as "tensor(float16)" or "sequence(map(int64, tensor(float)))". */
  readonly type: string;

  constructor(tensor: string, type: string) {
    super(`${tensor} is a ${type}, which is not supported`);
    this.name = "UnsupportedTensorError";
    this.tensor = tensor;
    this.type = type;
  }
}

/** An output was asked for that the model does not have. */
export class UnknownOutputError extends Error {
  readonly output: string;
  readonly available: readonly string[];

  constructor(output: string, available: readonly string[]) {
    super(`no output is named ${output}; there are ${available.join(", ")}`);
    this.name = "UnknownOutputError";
    this.output = output;
    this.available = available;
  }
}

/** Dimensions that a model leaves open and nobody has fixed. */
export class UnboundDimsError extends Error {
  readonly dims: readonly string[];

  constructor(dims: readonly string[]) {
    super(`these dimensions need a size: ${dims.join(", ")}`);
    this.name = "UnboundDimsError";
    this.dims = dims;
  }
}

/** A size given to a dimension that cannot have it. */
export class DimBindingError extends Error {
  readonly dim: string;
  readonly size: number;

  constructor(dim: string, size: number, reason: string) {
    super(`${dim} = ${size}: ${reason}`);
    this.name = "DimBindingError";
    this.dim = dim;
    this.size = size;
  }
}

/** A tensor with more elements than a kernel can index. */
export class TensorTooLargeError extends Error {
  readonly tensor: string;
  readonly dims: readonly number[];

  constructor(tensor: string, dims: readonly number[]) {
    super(`${tensor} [${dims.join(", ")}] has 2^31 elements or more`);
    this.name = "TensorTooLargeError";
    this.tensor = tensor;
    this.dims = dims;
  }
}
