/**
 * What a dispute over an element would take: moves of both sides and their gas, before anybody plays. An estimate: the
 * moves are the game's, their gas is the bench's, and a proof's is added up from the cost table and the chunks that the
 * element reads for one input.
 */
import { treeDepth } from "../vm/chunkTree.ts";
import { touchedChunks } from "../vm/reference.ts";
import type { Section } from "../vm/section.ts";
import { cutSegment } from "../vm/segments.ts";
import type { Spaces } from "../vm/spaces.ts";
import type { ValidKernel } from "../vm/validate.ts";
import { FRONTIER_LEVELS } from "./rules.ts";

export interface DisputeEstimate {
  /** Transactions of both sides, from opening to proof. */
  readonly moves: number;
  readonly gas: number;
  /** Of `gas` what the proof takes. */
  readonly proofGas: number;
}

/** Gas of each move as `npm run bench -- dispute` measures it, rounded; a commitment costs what a frontier does. */
const GAS = {
  open: 106_000,
  frontier: 113_000,
  chunk: 50_000,
  pick: 48_000,
  pickElement: 115_000,
  revealSums: 53_000,
  pickSegment: 59_000,
};
/** Of a proof: the transaction, a kernel's path and descriptor, its validation, and the settlement. */
const PROOF_GAS = 190_000;
/** Of a chunk and its share of the multiproof. */
const CHUNK_GAS = 9_000;
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
  // What the commitment does not show: frontiers further down, and the chunk.
  const frontiers = Math.max(0, Math.ceil(treeDepth(traceChunks) / FRONTIER_LEVELS) - 1);
  const cuts = cutsOf(steps, stepsPerProof);
  const from = Math.max(0, steps - Math.min(steps, stepsPerProof));
  const touched = touchedChunks(valid, spaces, { element, from, to: steps, accumulator: kernel.init });
  const chunks = touched.trace.size + touched.weights.size + touched.input.size;
  const code = (steps - from) * gasOf(valid.step) + gasOf(valid.finish);
  const proofGas = PROOF_GAS + chunks * CHUNK_GAS + code;
  const walk = GAS.open + (1 + frontiers) * (GAS.frontier + GAS.pick) + GAS.chunk;
  const segments = cuts === 0 ? 0 : GAS.pickElement + cuts * GAS.revealSums + (cuts - 1) * GAS.pickSegment;
  // open, commit; pick and reveal per frontier and for the chunk; pickElement or pickSegment, and revealSums per cut; prove.
  const moves = 2 + 2 * (frontiers + 1) + 2 * cuts + 1;
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
