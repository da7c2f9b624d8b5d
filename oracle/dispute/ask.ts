/** What the owner of a session asks the operator for, when what is public proves nothing yet. */
import { toHex } from "../vm/keccak.ts";
import type { Finding } from "./finding.ts";
import type { Move, Pick, PickElement, PickSegment, ProveSegment } from "./move.ts";
import type { Standing } from "./next.ts";
import { type Evidence, witnessOf } from "./proofs.ts";
import type { Session } from "./session.ts";
import { claimedRun, firstFalseSegment, type Reduction } from "./sums.ts";

/**
 * @param finding at the session's node or below it
 * @param counted the session, with the commitment; moves still name it as its last event states it
 */
export function ask(evidence: Evidence, finding: Finding, standing: Standing, counted: Session): Move {
  if (finding.type === "hidden") return pick(evidence, finding, standing, counted);
  if (finding.type !== "element") throw new RangeError(`a session asks for nothing about ${finding.type}`);
  if (counted.phase !== "Segment") return pickElement(evidence, finding, standing, counted);
  return splitSegment(evidence, finding, standing);
}

/** Straight to the lowest node that is known to be wrong: levels that other sessions have brought out are passed over. */
function pick({ trace }: Evidence, { height, index }: Of<"hidden">, { session }: Standing, counted: Session): Pick {
  const node = toHex(trace.node(height, index));
  return { type: "pick", session, height, index, node, path: trace.path(height, index, counted.height) };
}

/** As soon as the chunk is known, from wherever the session is: its bytes need not be asked for again. */
function pickElement(
  { assertion, trace }: Evidence,
  { kernel, element, index }: Of<"element">,
  { session }: Standing,
  counted: Session,
): PickElement {
  const { result, spec, execution } = assertion;
  const traced = trace.proof(index, counted.height);
  return { type: "pickElement", session, result, spec, kernel: execution.proofOf(kernel), traced, element };
}

/**
 * The first false segment begins with a right accumulator. If it fits a proof, it is proved to be false; if not, its own
 * sums are asked for.
 */
function splitSegment(
  evidence: Evidence,
  { kernel, valid }: Of<"element">,
  { session, focus, sums }: Standing,
): PickSegment | ProveSegment {
  if (focus === undefined || sums === undefined) throw new TypeError("a session in phase Segment without its sums");
  const { result, spec, execution } = evidence.assertion;
  const reduction: Reduction = { valid, spaces: execution.spacesOf(kernel), focus };
  const segment = firstFalseSegment(reduction, sums);
  if (segment === undefined) throw new RangeError("an element is wrong, and no part of its reduction is");
  const run = claimedRun(reduction, sums, segment);
  const claim = { session, focus, sums, segment };
  if (run.to - run.from > focus.stepsPerProof) return { type: "pickSegment", ...claim };
  const witness = witnessOf(evidence, kernel, valid, run);
  return { type: "proveSegment", result, spec, ...claim, ...kernel.leaf, witness };
}

type Of<T extends Finding["type"]> = Extract<Finding, { readonly type: T }>;
