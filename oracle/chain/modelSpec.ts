/** Models as they are registered: their id and what the chain's word keeps of them (docs/formats.md, "Model"). */
import { AbiCoder, getBytes, solidityPackedKeccak256 } from "ethers";
import type { ModelSpecStructOutput, TensorSpecStructOutput } from "../../types/contracts/registry/ModelRegistry.ts";
import type { TensorSignature } from "../model/onnx/signature.ts";
import { DTYPES, dtypeOf, flatLayout } from "../model/tensor.ts";
import type { ProgramSpec } from "../roles/ports.ts";
import { type Hex, keccak256, toHex } from "../vm/keccak.ts";
import type { ProgramRoots } from "../vm/programRoots.ts";
import type { Model } from "./words.ts";

/** A tensor whose shape is fixed. */
export type TensorSpec = TensorSignature<number>;

/** For semantics 0 every field of the program is zero. */
export interface ModelSpec extends ProgramRoots {
  /** 0: artefact only, not disputable; 1: the kernel program */
  readonly semantics: number;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Absolute tolerance; 0: exact. The chain has its binary64 bits. */
  readonly atol: number;
  /** Relative tolerance. */
  readonly rtol: number;
  readonly compilerVersion: string;
  /** JSON without white space, keys sorted; empty for semantics 0. */
  readonly compilerOptions: string;
  /** SHA-256 of the ONNX file. */
  readonly artefactHash: Hex;
  readonly owner: string;
  readonly salt: Hex;
}

/** A tolerance below +0 or above 2^15. */
export class ToleranceRangeError extends RangeError {
  readonly tolerance: number;

  constructor(tolerance: number) {
    super(`a tolerance is at least 0 and at most 32768, not ${tolerance}`);
    this.name = "ToleranceRangeError";
    this.tolerance = tolerance;
  }
}

const TENSOR_SPEC = "tuple(string name, uint8 dtype, uint32[] dims)[]";
const MODEL_SPEC = `tuple(uint8 semantics, bytes32 kernelRoot, uint32 kernelCount, uint64 traceChunks,
  uint64 outputChunks, bytes32 weightsRoot, uint64 weightsChunks, ${TENSOR_SPEC} inputs, ${TENSOR_SPEC} outputs,
  uint64 atol, uint64 rtol, string compilerVersion, string compilerOptions, bytes32 artefactHash, address owner,
  bytes32 salt)`;

const MAX_SERVED_BYTES = 65_536;
/** In a model's word: tensors too large for a transaction, so that only receipts can serve the model. */
export const UNSERVED_BYTES = 0x1ffff;

const MAX_TOLERANCE = 2 ** 15;

/** The specification of a model that is only an artefact: no program, nobody can dispute its answers. */
export function artefactSpec(
  model: Pick<ModelSpec, "inputs" | "outputs" | "artefactHash" | "owner" | "salt" | "compilerVersion">,
): ModelSpec {
  const zero: Hex = `0x${"00".repeat(32)}`;
  return {
    ...model,
    semantics: 0,
    kernelRoot: zero,
    kernelCount: 0,
    traceChunks: 0n,
    outputChunks: 0n,
    weightsRoot: zero,
    weightsChunks: 0n,
    atol: 0,
    rtol: 0,
    compilerOptions: "",
  };
}

/** The specification of a model whose answers are its program's. */
export function kernelSpec(
  model: Pick<ModelSpec, "inputs" | "outputs" | "artefactHash" | "owner" | "salt">,
  { roots, compilerVersion, compilerOptions, tolerance }: ProgramSpec,
): ModelSpec {
  return { ...model, semantics: 1, ...roots, compilerVersion, compilerOptions, ...tolerance };
}

/** What a specification says of its program; undefined for semantics 0. */
export function programOf(spec: ModelSpec): ProgramSpec | undefined {
  if (spec.semantics === 0) return undefined;
  const { kernelRoot, kernelCount, traceChunks, outputChunks, weightsRoot, weightsChunks } = spec;
  const { atol, rtol, compilerVersion, compilerOptions } = spec;
  return {
    roots: { kernelRoot, kernelCount, traceChunks, outputChunks, weightsRoot, weightsChunks },
    compilerVersion,
    compilerOptions,
    tolerance: { atol, rtol },
  };
}

/** The struct that contracts take. Throws {@link ToleranceRangeError}. */
export function specToAbi(spec: ModelSpec) {
  const tensors = (specs: readonly TensorSpec[]) =>
    specs.map(({ name, dtype, dims }) => ({ name, dtype: DTYPES[dtype].id, dims: [...dims] }));
  return {
    ...spec,
    inputs: tensors(spec.inputs),
    outputs: tensors(spec.outputs),
    atol: toleranceBits(spec.atol),
    rtol: toleranceBits(spec.rtol),
  };
}

/** The specification that an event carries. Throws a RangeError for a dtype that is not known here. */
export function specFromAbi(spec: ModelSpecStructOutput): ModelSpec {
  const tensors = (specs: readonly TensorSpecStructOutput[]) =>
    specs.map(({ name, dtype, dims }) => ({ name, dtype: dtypeOf(Number(dtype)), dims: dims.map(Number) }));
  return {
    semantics: Number(spec.semantics),
    kernelRoot: spec.kernelRoot as Hex,
    kernelCount: Number(spec.kernelCount),
    traceChunks: spec.traceChunks,
    outputChunks: spec.outputChunks,
    weightsRoot: spec.weightsRoot as Hex,
    weightsChunks: spec.weightsChunks,
    inputs: tensors(spec.inputs),
    outputs: tensors(spec.outputs),
    atol: toleranceOf(spec.atol),
    rtol: toleranceOf(spec.rtol),
    compilerVersion: spec.compilerVersion,
    compilerOptions: spec.compilerOptions,
    artefactHash: spec.artefactHash as Hex,
    owner: spec.owner,
    salt: spec.salt as Hex,
  };
}

export function encodeSpec(spec: ModelSpec): Uint8Array {
  return getBytes(AbiCoder.defaultAbiCoder().encode([MODEL_SPEC], [specToAbi(spec)]));
}

export function modelId(spec: ModelSpec): Hex {
  return toHex(keccak256(encodeSpec(spec)));
}

/** What the chain's word says of a model that was just registered. Throws {@link ToleranceRangeError}. */
export function registeredModel(spec: ModelSpec, royaltyBps: number): Model {
  const capped = (bytes: number) => (bytes > MAX_SERVED_BYTES ? UNSERVED_BYTES : bytes);
  return {
    owner: spec.owner,
    royaltyBps,
    deprecated: false,
    semantics: spec.semantics,
    atolClass: toleranceClass(spec.atol),
    rtolClass: toleranceClass(spec.rtol),
    inputCount: spec.inputs.length,
    inputBytes: capped(flatBytes(spec.inputs)),
    outputBytes: capped(flatBytes(spec.outputs)),
    offerCount: 0,
    lengthsTag: lengthsTag(spec.inputs.map(tensorBytes)),
  };
}

/** Bytes of one tensor. */
export function tensorBytes({ dtype, dims }: TensorSpec): number {
  return dims.reduce((elements, extent) => elements * extent, DTYPES[dtype].bytes);
}

/** Bytes of tensors in their flat form. */
export function flatBytes(tensors: readonly TensorSpec[]): number {
  return flatLayout(tensors.map(tensorBytes)).totalBytes;
}

/** 0 for no tolerance, else the smallest class from 1 to 63 with `tolerance <= 2^(class-48)`. */
export function toleranceClass(tolerance: number): number {
  toleranceBits(tolerance);
  if (tolerance === 0) return 0;
  let toleranceClass = 1;
  for (let limit = 2 ** -47; tolerance > limit; limit *= 2) toleranceClass++;
  return toleranceClass;
}

/** 13 bits that tell apart inputs of other lengths, in bytes and in order. */
export function lengthsTag(lengths: readonly number[]): number {
  const hash = solidityPackedKeccak256(["uint256[]"], [lengths]);
  return Number(BigInt(hash) >> 243n);
}

/** The IEEE binary64 bits. Negative zero is below +0. Throws {@link ToleranceRangeError}. */
export function toleranceBits(tolerance: number): bigint {
  if (!(tolerance >= 0 && tolerance <= MAX_TOLERANCE) || Object.is(tolerance, -0)) {
    throw new ToleranceRangeError(tolerance);
  }
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, tolerance);
  return view.getBigUint64(0);
}

function toleranceOf(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}
