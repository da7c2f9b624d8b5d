/** A tensor in a file of its own: the `.pb` files that ONNX's tests and tools exchange. */
import { fromBinary } from "@bufbuild/protobuf";
import { decodeTensor } from "./constants.ts";
import { InvalidNodeError } from "./errors.ts";
import type { ConstantTensor } from "./graph.ts";
import { TensorProtoSchema } from "./onnx_pb.ts";

/** @throws InvalidNodeError, UnsupportedError */
export function readTensorProto(file: Uint8Array): ConstantTensor {
  return decodeTensor(decode(file), undefined);
}

function decode(file: Uint8Array) {
  try {
    return fromBinary(TensorProtoSchema, file);
  } catch (cause) {
    throw new InvalidNodeError(`not a TensorProto: ${(cause as Error).message}`, { cause });
  }
}
