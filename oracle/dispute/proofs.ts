/** What shows that an assertion is wrong, built from what is wrong with it (docs/protocol.md, "Verdicts"). */
import { chunkProof } from "../vm/chunkTree.ts";
import { toHex } from "../vm/keccak.ts";
import { type Run, touchedChunks } from "../vm/reference.ts";
import type { ValidKernel } from "../vm/validate.ts";
import { encodeWitness } from "../vm/witness.ts";
import type { Assertion } from "./assertion.ts";
import type { DisputedTrace } from "./disputedTrace.ts";
import type { PlacedKernel } from "./execution.ts";
import { type Finding, isLong } from "./finding.ts";
import type { Accusation, Proof, ProveElement, ProveOutput, ProvePadding, ProveTail } from "./move.ts";
import type { Session } from "./session.ts";

/** The operator's trace is known as far as the proof needs: see {@link firstFault}. */
export interface Evidence {
  readonly assertion: Assertion;
  readonly trace: DisputedTrace;
}

/** A malformed kernel is not run: nothing is loaded. */
const EMPTY_WITNESS = Uint8Array.of(0, 0, 0);

/**
 * The proof of a finding, whoever makes it.
 * @param sessions none, or one on the way to the finding, which wins by it
 * @returns undefined if it takes a session to bring out more
 */
export function proofOf(evidence: Evidence, finding: Finding, sessions: readonly Session[]): Proof | undefined {
  const { result, spec } = evidence.assertion;
  const proof = bareProof(evidence, finding);
  return proof && { ...proof, result, spec, sessions };
}

/** What a run loads, proved to be in the operator's trace, the weights and the input: chunks before the first wrong one. */
export function witnessOf(
  { assertion: { execution }, trace }: Evidence,
  kernel: PlacedKernel,
  valid: ValidKernel,
  run: Run,
): Uint8Array {
  const touched = touchedChunks(valid, execution.spacesOf(kernel), run);
  return encodeWitness({ ...execution.trees, trace }, touched);
}

type Bare<P> = Omit<P, keyof Accusation>;
type Of<T extends Finding["type"]> = Extract<Finding, { readonly type: T }>;

function bareProof(evidence: Evidence, finding: Finding) {
  switch (finding.type) {
    case "hidden":
      return undefined;
    case "output":
      return proveOutput(evidence, finding);
    case "padding":
      return provePadding(evidence, finding);
    case "tail":
      return proveTail(evidence, finding);
    case "malformed":
      return proveMalformed(evidence, finding);
    case "element":
      return isLong(finding.valid) ? undefined : proveElement(evidence, finding);
  }
}

/** The trace is the canonical one, so its output proves itself; nothing has to be asked for. */
function proveOutput({ assertion, trace }: Evidence, { chunk, element, index }: Of<"output">): Bare<ProveOutput> {
  const { siblings, ...asserted } = chunkProof(assertion.output, chunk);
  return {
    type: "proveOutput",
    asserted: { index: chunk, chunk: asserted.chunk, path: siblings },
    traced: trace.proof(index),
    element,
  };
}

/** A node says enough: below one that covers no chunk there is nothing to ask for. */
function provePadding({ trace }: Evidence, { height, index }: Of<"padding">): Bare<ProvePadding> {
  const node = toHex(trace.node(height, index));
  return { type: "provePadding", height, index, node, path: trace.path(height, index) };
}

/** The cheapest one about a chunk: nothing is run. */
function proveTail(evidence: Evidence, { kernel, index }: Of<"tail">): Bare<ProveTail> {
  return { type: "proveTail", ...chunkOfKernel(evidence, kernel, index) };
}

/** The chunk alone shows it; a malformed kernel is not run, whatever the element. */
function proveMalformed(evidence: Evidence, { kernel, index }: Of<"malformed">): Bare<ProveElement> {
  return { type: "proveElement", ...chunkOfKernel(evidence, kernel, index), element: 0, witness: EMPTY_WITNESS };
}

function proveElement(evidence: Evidence, { kernel, valid, element, index }: Of<"element">): Bare<ProveElement> {
  const witness = witnessOf(evidence, kernel, valid, {
    element,
    from: 0,
    to: valid.steps,
    accumulator: valid.kernel.init,
  });
  return { type: "proveElement", ...chunkOfKernel(evidence, kernel, index), element, witness };
}

function chunkOfKernel({ assertion, trace }: Evidence, kernel: PlacedKernel, chunk: number) {
  return { kernel: assertion.execution.proofOf(kernel), traced: trace.proof(chunk) };
}
