import { ChunkTree } from "../../../../oracle/vm/chunkTree.ts";
import { SPACES, type SpaceName } from "../../../../oracle/vm/descriptor.ts";
import { toHex } from "../../../../oracle/vm/keccak.ts";
import { evaluateSegment, type Run, touchedChunks } from "../../../../oracle/vm/reference.ts";
import { encodeWitness } from "../../../../oracle/vm/witness.ts";
import { type KernelCase, randomCase, someRuns, spacesOfCase } from "../../../../test/kernels/random.ts";
import { Random } from "../../../models/random.ts";
import { leafFields } from "./descriptors.ts";
import { runFields } from "./runs.ts";

type Touched = Record<SpaceName, Set<number>>;

/** Runs with their witnesses, and witnesses that do not do: bad proofs and missing chunks. */
export function witnessVectors() {
  const random = new Random(5n);
  const vectors = [];
  while (vectors.length < 12) {
    const kernelCase = randomCase(random);
    const run = someRuns(random, kernelCase)[random.below(3)];
    if (run === undefined) continue;
    const touched = touchedChunks(kernelCase.valid, spacesOfCase(kernelCase), run);
    const count = SPACES.reduce((sum, space) => sum + touched[space].size, 0);
    // All sorts: without any chunk, with one, with several; but not with so many that nobody reads them.
    if (count >= Math.min(3, vectors.length) && count <= 8) vectors.push(vector(kernelCase, run, touched));
  }
  return vectors;
}

function vector(kernelCase: KernelCase, run: Run, touched: Touched) {
  const { leaf, valid, firstChunk, trace, weights, input } = kernelCase;
  const trees = { trace: new ChunkTree(trace), weights: new ChunkTree(weights), input: new ChunkTree(input) };
  const witness = encodeWitness(trees, touched);
  return {
    ...leafFields(leaf),
    firstChunk,
    spaces: SPACES.map((space) => ({ root: trees[space].root, chunks: trees[space].count })),
    run: runFields(run),
    witness: toHex(witness),
    result: toHex(evaluateSegment(valid, spacesOfCase(kernelCase), run)),
    missingChunk: SPACES.flatMap((space) =>
      [...touched[space]].map((chunk) => ({
        space,
        chunk,
        witness: toHex(encodeWitness(trees, without(touched, space, chunk))),
      })),
    ),
    badProof: [
      { reason: "a byte after the witness", witness: toHex(Uint8Array.from([...witness, 0])) },
      { reason: "a byte less", witness: toHex(witness.subarray(0, -1)) },
      { reason: "the first section begins with 2", witness: toHex(Uint8Array.from([2, ...witness.subarray(1)])) },
      { reason: "nothing", witness: toHex(new Uint8Array(0)) },
    ],
  };
}

function without(touched: Touched, space: SpaceName, chunk: number): Touched {
  return { ...touched, [space]: new Set([...touched[space]].filter((other) => other !== chunk)) };
}
