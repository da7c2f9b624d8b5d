/**
 * What a dispute over an element would take: moves of both sides and their gas, before anybody plays. An estimate: the
 * moves are the game's, their gas is a prototype's, and a proof's is added up from the cost table and the chunks that the
 * element reads for one input.
 */
import { treeDepth } from "../vm/chunkTree.ts";
import { touchedChunks } from "../vm/reference.ts";
import type { Section } from "../vm/section.ts";
import { cutSegment } from "../vm/segments.ts";
import type { Spaces } from "../vm/spaces.ts";
import type { ValidKernel } from "../vm/validate.ts";

export interface DisputeEstimate {
  /** Transactions of both sides, from opening to proof. */
  readonly moves: number;
  readonly gas: number;
  /** Of `gas` what the proof takes. */
  readonly proofGas: number;
}

/** Levels of the trace's tree that one move reveals. */
const LEVELS_PER_REVEAL = 6;

/** Gas of each move. A pick carries 6 siblings, which saved 60k of a prototype's 106k. */
const GAS = { open: 44_000, reveal: 107_000, pick: 46_000, revealSums: 45_000 };
/** Of a proof: the transaction, a kernel's path and descriptor, its validation. */
const PROOF_GAS = 120_000;
/** Of a chunk and its share of the multiproof: 64 scattered ones took 1.2M. */
const CHUNK_GAS = 18_000;
/** Of a load whose chunk is there already; the cost table's 45,000 has a chunk in it. */
const LOAD_GAS = 220;
const TABLE_LOAD_GAS = 45_000;

/** The whole dispute over `element`, up to the proof of its last segment. */
export function estimateDispute(
  valid: ValidKernel,
  spaces: Spaces,
  element: number,
  traceChunks: number,
): DisputeEstimate {
  const { steps, stepsPerProof, kernel } = valid;
  const reveals = Math.ceil(treeDepth(traceChunks) / LEVELS_PER_REVEAL);
  const cuts = cutsOf(steps, stepsPerProof);
  const from = Math.max(0, steps - Math.min(steps, stepsPerProof));
  const touched = touchedChunks(valid, spaces, { element, from, to: steps, accumulator: kernel.init });
  const chunks = touched.trace.size + touched.weights.size + touched.input.size;
  const code = (steps - from) * gasOf(valid.step) + gasOf(valid.finish);
  const proofGas = PROOF_GAS + chunks * CHUNK_GAS + code;
  const walk = GAS.open + GAS.reveal + reveals * (GAS.pick + GAS.reveal);
  const segments = cuts === 0 ? 0 : GAS.pick + cuts * (GAS.revealSums + GAS.pick);
  // open, commit; pick and reveal per frontier; pickElement; revealSums and pickSegment per cut; prove.
  const moves = 2 + 2 * reveals + (cuts === 0 ? 0 : 1 + 2 * cuts) + 1;
  return { moves, gas: walk + segments + proofGas, proofGas };
}

/** How often the steps of an element are cut until a segment fits a proof. */
function cutsOf(steps: number, stepsPerProof: number): number {
  if (steps <= stepsPerProof) return 0;
  const [first] = cutSegment({ from: 0, to: steps }, stepsPerProof);
  return first === undefined ? 0 : 1 + cutsOf(first.to, stepsPerProof);
}

function gasOf(section: Section | undefined): number {
  return section === undefined ? 0 : section.cost - section.loads * (TABLE_LOAD_GAS - LOAD_GAS);
}
