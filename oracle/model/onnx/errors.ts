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

/** A value bound to an input that does not exist or is of another type or shape. */
export class InputBindingError extends Error {
  readonly input: string;

  constructor(input: string) {
    super(`the value bound to ${input} does not fit: no input has this name, dtype and dimensions`);
    this.name = "InputBindingError";
    this.input = input;
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

/** A node, attribute or constant that breaks ONNX's rules; {@link NodeError} says where. */
export class InvalidNodeError extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = "InvalidNodeError";
  }
}

/** Something that ONNX allows and Assay does not do; {@link NodeError} says where. */
export class UnsupportedError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "UnsupportedError";
  }
}

/** A value decides a shape, an axis, a branch or a trip count, and is known only when the program runs. */
export class UnboundValueError extends UnsupportedError {
  /** The inputs of the model that it is computed from: bound, they make it known. */
  readonly inputs: readonly string[];

  constructor(what: string, inputs: readonly string[]) {
    super(`${what} must be known when compiling: bind ${inputs.join(", ")}`);
    this.name = "UnboundValueError";
    this.inputs = inputs;
  }
}

/** A node that cannot be lowered, and why. */
export class NodeError extends Error {
  readonly node: string;
  /** With its domain unless that is ai.onnx. */
  readonly operator: string;
  readonly opset: number;
  readonly reason: string;
  /** Whether it is Assay that lacks something; otherwise the model is wrong. */
  readonly isUnsupported: boolean;

  constructor(node: { name: string; operator: string; domain: string; opset: number }, { cause }: { cause: Error }) {
    const operator = node.domain === "" ? node.operator : `${node.domain}.${node.operator}`;
    super(`node ${node.name} (${operator}, opset ${node.opset}): ${cause.message}`, { cause });
    this.name = "NodeError";
    this.node = node.name;
    this.operator = operator;
    this.opset = node.opset;
    this.reason = cause.message;
    this.isUnsupported = cause instanceof UnsupportedError;
  }
}
