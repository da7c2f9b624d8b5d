import { TensorProto_DataType, type TypeProto } from "./onnx_pb.ts";

const ELEMENT_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(TensorProto_DataType).map(([name, value]) => [value, name.toLowerCase()]),
);

/** A type in ONNX's notation, such as "tensor(float16)" or "sequence(map(int64, tensor(float)))". */
export function typeName(type: TypeProto | undefined): string {
  switch (type?.value.case) {
    case "tensorType":
      return `tensor(${elementName(type.value.value.elemType)})`;
    case "sparseTensorType":
      return `sparse_tensor(${elementName(type.value.value.elemType)})`;
    case "sequenceType":
      return `sequence(${typeName(type.value.value.elemType)})`;
    case "optionalType":
      return `optional(${typeName(type.value.value.elemType)})`;
    case "mapType": {
      const { keyType, valueType } = type.value.value;
      return `map(${elementName(keyType)}, ${typeName(valueType)})`;
    }
    case "opaqueType":
      return `opaque(${type.value.value.domain}, ${type.value.value.name})`;
    default:
      return "value without a type";
  }
}

/** A type that a later version of ONNX added has a number only. */
function elementName(elementType: number): string {
  return ELEMENT_NAMES.get(elementType) ?? `type ${elementType}`;
}
