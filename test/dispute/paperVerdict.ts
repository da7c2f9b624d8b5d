// IVerdict.sol on paper: what each proof shows, or why it shows nothing.
import { AbiCoder, keccak256 as ethersKeccak } from "ethers";
import type { Accusation, ProveElement, ProveOutput, ProvePadding, ProveTail } from "../../oracle/dispute/move.ts";
import type { ChunkProof, Focus, KernelProof } from "../../oracle/dispute/session.ts";
import type { Program } from "../../oracle/model/program.ts";
import { CHUNK_BYTES, DTYPES, type Dtype, elementCount, flatLayout } from "../../oracle/model/tensor.ts";
import { firstOutside, type Tolerance } from "../../oracle/model/tolerance.ts";
import { BadProofError } from "../../oracle/vm/badProof.ts";
import { treeDepth, verifyChunk } from "../../oracle/vm/chunkTree.ts";
import type { SpaceName } from "../../oracle/vm/descriptor.ts";
import { fromHex, type Hex, keccak256, toHex } from "../../oracle/vm/keccak.ts";
import { type KernelLeaf, verifyKernel } from "../../oracle/vm/kernelTree.ts";
import type { Commitment } from "../../oracle/vm/multiproof.ts";
import type { ProgramRoots } from "../../oracle/vm/programRoots.ts";
import { evaluateSegment, type Run } from "../../oracle/vm/reference.ts";
import { cutSegment } from "../../oracle/vm/segments.ts";
import { MissingChunkError, witnessSpace } from "../../oracle/vm/spaces.ts";
import { type ValidKernel, validate } from "../../oracle/vm/validate.ts";
import { decodeValue } from "../../oracle/vm/value.ts";
import { decodeWitness } from "../../oracle/vm/witness.ts";

/** A call that changes nothing. `reason` is an error of the interfaces, or of what they call. */
export class Refused extends Error {
  readonly reason: string;

  constructor(reason: string, options?: ErrorOptions) {
    super(`refused: ${reason}`, options);
    this.name = "Refused";
    this.reason = reason;
  }
}

export function refuseUnless(isFine: boolean, reason: string): asserts isFine {
  if (!isFine) throw new Refused(reason);
}

/** What a Result and its model say. */
export interface Terms {
  readonly roots: ProgramRoots;
  readonly outputs: Program["outputs"];
  readonly tolerance: Tolerance;
  readonly input: Commitment;
  readonly outputRoot: Hex;
}

/** The trace chunk that a proof refutes. Throws {@link Refused} if it does not. */
export class PaperVerdict {
  readonly #terms: Terms;

  constructor(terms: Terms) {
    this.#terms = terms;
  }

  proveElement(traceRoot: Hex, { kernel, traced, element, witness }: Bare<ProveElement>): number {
    const { first, valid } = this.#chunkOf(traceRoot, kernel, traced);
    if (valid === undefined) {
      refuseUnless(
        traced.chunk.some((byte) => byte !== 0),
        "NothingRefuted",
      );
      return traced.index;
    }
    const { bytes, offset } = elementIn(valid, first, traced.index, element);
    refuseUnless(valid.steps <= valid.stepsPerProof, "NeedsSession");
    const run = { element, from: 0, to: valid.steps, accumulator: valid.kernel.init };
    const value = this.#run(traceRoot, first, valid, run, witness);
    refuseUnless(toHex(value) !== toHex(traced.chunk.subarray(offset, offset + bytes)), "NothingRefuted");
    return traced.index;
  }

  proveTail(traceRoot: Hex, { kernel, traced }: Bare<ProveTail>): number {
    const { first, valid } = this.#chunkOf(traceRoot, kernel, traced);
    refuseUnless(valid !== undefined, "KernelMalformed");
    const end = valid.elements * DTYPES[valid.kernel.dtype].bytes - (traced.index - first) * CHUNK_BYTES;
    refuseUnless(
      traced.chunk.subarray(end).some((byte) => byte !== 0),
      "NothingRefuted",
    );
    return traced.index;
  }

  provePadding(traceRoot: Hex, { height, index, node, path }: Bare<ProvePadding>): number {
    const chunks = Number(this.#terms.roots.traceChunks);
    const depth = treeDepth(chunks);
    refuseUnless(height <= depth && index < 2 ** (depth - height), "NodeOutOfRange");
    refuseUnless(path.length === depth - height, "PathLength");
    refuseUnless(climb(node, index, path) === traceRoot, "TraceRootMismatch");
    refuseUnless(index * 2 ** height >= chunks, "NotPadding");
    refuseUnless(node !== emptyNode(height), "NothingRefuted");
    return index * 2 ** height;
  }

  proveOutput(traceRoot: Hex, { asserted, traced, element }: Bare<ProveOutput>): number {
    const { roots, outputRoot, tolerance } = this.#terms;
    const [chunks, outputChunks] = [Number(roots.traceChunks), Number(roots.outputChunks)];
    requireChunk(outputRoot, outputChunks, asserted, "OutputRootMismatch");
    requireChunk(traceRoot, chunks, traced, "TraceRootMismatch");
    refuseUnless(traced.index === chunks - outputChunks + asserted.index, "ForeignChunk");
    if (tolerance.atol === 0 && tolerance.rtol === 0) {
      refuseUnless(toHex(asserted.chunk) !== toHex(traced.chunk), "NothingRefuted");
      return traced.index;
    }
    const dtype = this.#outputDtype(asserted.index);
    const { bytes } = DTYPES[dtype];
    refuseUnless(element < CHUNK_BYTES / bytes, "ElementElsewhere");
    const of = ({ chunk }: ChunkProof) => chunk.subarray(element * bytes, (element + 1) * bytes);
    const isOutside = firstOutside(dtype, of(asserted), of(traced), tolerance) !== undefined;
    refuseUnless(isOutside, "NothingRefuted");
    return traced.index;
  }

  proveSegment(traceRoot: Hex, focus: Focus, { chunks, descriptor }: KernelLeaf, witness: Uint8Array): void {
    refuseUnless(leafHash({ chunks, descriptor }) === focus.leaf, "ProgramMismatch");
    const { valid } = validate(descriptor, chunks);
    refuseUnless(valid !== undefined, "KernelMalformed");
    const { element, from, to, firstChunk } = focus;
    refuseUnless(to - from <= valid.stepsPerProof, "TooManySteps");
    const accumulator = from === 0 ? valid.kernel.init : decodeValue(accumulatorOf(valid), fromHex(focus.before));
    refuseUnless(accumulator !== undefined, "AccumulatorNotCanonical");
    const value = this.#run(traceRoot, firstChunk, valid, { element, from, to, accumulator }, witness);
    refuseUnless(padded(value) !== focus.after_, "NothingRefuted");
  }

  focusOn(kernel: KernelProof, chunkIndex: number, chunk: Uint8Array, element: number): Focus {
    const { first, valid } = this.#kernel(kernel, chunkIndex);
    refuseUnless(valid !== undefined, "KernelMalformed");
    const { bytes, offset } = elementIn(valid, first, chunkIndex, element);
    refuseUnless(valid.steps > valid.stepsPerProof, "NeedsNoSession");
    return {
      leaf: leafHash(kernel),
      firstChunk: first,
      element,
      steps: valid.steps,
      from: 0,
      to: valid.steps,
      stepsPerProof: valid.stepsPerProof,
      accumulator: accumulatorOf(valid) === "i64" ? 1 : 2,
      before: padded(new Uint8Array(0)),
      after_: padded(chunk.subarray(offset, offset + bytes)),
    };
  }

  #chunkOf(traceRoot: Hex, kernel: KernelProof, traced: ChunkProof) {
    requireChunk(traceRoot, Number(this.#terms.roots.traceChunks), traced, "TraceRootMismatch");
    return this.#kernel(kernel, traced.index);
  }

  #kernel({ kernel, chunks, descriptor, path }: KernelProof, chunk: number) {
    const first = verifyKernel(this.#terms.roots, kernel, { chunks, descriptor }, path);
    refuseUnless(first !== undefined, "ProgramMismatch");
    refuseUnless(chunk >= first && BigInt(chunk) < first + chunks, "ForeignChunk");
    return { first: Number(first), valid: validate(descriptor, chunks).valid };
  }

  #run(traceRoot: Hex, firstChunk: number, valid: ValidKernel, run: Run, witness: Uint8Array): Uint8Array {
    const { roots, input } = this.#terms;
    const spaces: Record<SpaceName, Commitment> = {
      trace: { root: traceRoot, count: Number(roots.traceChunks) },
      weights: { root: roots.weightsRoot, count: Number(roots.weightsChunks) },
      input,
    };
    try {
      const chunks = decodeWitness(witness, spaces);
      return evaluateSegment(
        valid,
        {
          trace: witnessSpace("trace", chunks.trace, BigInt(firstChunk)),
          weights: witnessSpace("weights", chunks.weights, roots.weightsChunks),
          input: witnessSpace("input", chunks.input, BigInt(input.count)),
        },
        run,
      );
    } catch (error) {
      const isNoVerdict = error instanceof BadProofError || error instanceof MissingChunkError;
      throw isNoVerdict ? new Refused(error.name, { cause: error }) : error;
    }
  }

  #outputDtype(chunk: number): Dtype {
    const lengths = this.#terms.outputs.map(({ dtype, dims }) => elementCount(dims) * DTYPES[dtype].bytes);
    const { offsets } = flatLayout(lengths);
    const tensor = offsets.findLastIndex((offset) => offset <= chunk * CHUNK_BYTES);
    const { dtype } = this.#terms.outputs[tensor] ?? {};
    if (dtype === undefined) throw new RangeError(`no output has chunk ${chunk}`);
    return dtype;
  }
}

type Bare<P extends Accusation> = Omit<P, keyof Accusation | "type">;

/** The node that a path leads to. */
export function climb(node: Hex, index: number, path: readonly Hex[]): Hex {
  return path.reduce((child, sibling, level) => {
    const isRight = Math.floor(index / 2 ** level) % 2 === 1;
    return toHex(isRight ? keccak256(fromHex(sibling), fromHex(child)) : keccak256(fromHex(child), fromHex(sibling)));
  }, node);
}

export const segmentsIn = ({ from, to, stepsPerProof }: Focus) => cutSegment({ from, to }, stepsPerProof);

/** Up to 8 bytes, zeros behind. */
export function padded(bytes: Uint8Array): Hex {
  const field = new Uint8Array(8);
  field.set(bytes);
  return toHex(field);
}

const FOCUS = `tuple(bytes32 leaf, uint64 firstChunk, uint32 element, uint32 steps, uint32 from, uint32 to,
  uint8 stepsPerProof, uint8 accumulator, bytes8 before, bytes8 after_)`;

/** What a session keeps of a focus, and of the sums for it. */
export function focusHash(focus: Focus, sums?: Uint8Array): Hex {
  const [types, values] =
    sums === undefined
      ? [[FOCUS], [focus]]
      : [
          [FOCUS, "bytes"],
          [focus, sums],
        ];
  return ethersKeccak(AbiCoder.defaultAbiCoder().encode(types, values)) as Hex;
}

function requireChunk(root: Hex, count: number, { index, chunk, path }: ChunkProof, reason: string): void {
  refuseUnless(verifyChunk(root, count, index, { chunk, siblings: [...path] }), reason);
}

function elementIn(valid: ValidKernel, first: number, chunk: number, element: number) {
  const { bytes } = DTYPES[valid.kernel.dtype];
  const offset = element * bytes - (chunk - first) * CHUNK_BYTES;
  const isInChunk = element < valid.elements && offset >= 0 && offset < CHUNK_BYTES;
  refuseUnless(isInChunk, "ElementElsewhere");
  return { bytes, offset };
}

function accumulatorOf({ kernel: { accumulator } }: ValidKernel) {
  if (accumulator === "none") throw new RangeError("a long reduction has an accumulator");
  return accumulator;
}

function leafHash({ chunks, descriptor }: KernelLeaf): Hex {
  const header = new Uint8Array(9);
  new DataView(header.buffer).setBigUint64(1, chunks);
  return toHex(keccak256(header, descriptor));
}

function emptyNode(height: number): Hex {
  let node = keccak256(new Uint8Array(CHUNK_BYTES));
  for (let level = 0; level < height; level++) node = keccak256(node, node);
  return toHex(node);
}
