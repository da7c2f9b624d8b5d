// Whole disputes on a chain in this process: every transaction from opening to payment, for the costliest element of a
// model and for the median one.

import { concatBytes } from "@noble/hashes/utils";
import { parseEther, ZeroHash } from "ethers";
import { Challenger } from "../../oracle/dispute/challenger.ts";
import { PublicTrace } from "../../oracle/dispute/publicTrace.ts";
import { FRONTIER_LEVELS } from "../../oracle/dispute/rules.ts";
import { toHex } from "../../oracle/vm/keccak.ts";
import { deployArena } from "../../test/dispute/arena.ts";
import { CASES, small } from "./dispute/cases.ts";
import { type Cast, Dispute, frontier, LIES, lieAbout } from "./dispute/play.ts";
import { type Candidate, search } from "./dispute/search.ts";
import { prepare, type Subject } from "./dispute/subject.ts";

const TARGETS: Readonly<Record<string, number>> = {
  "mlp.gas": 600_000,
  "tree.gas": 600_000,
  "mobilenetv2.gas": 1_200_000,
  "mobilenetv2.txs": 13,
  "oneshot.gas": 350_000,
  "oneshot.request.gas": 350_000,
};

/** Prints the tables and returns their figures. */
export async function bench(): Promise<Record<string, number>> {
  const arena = await deployArena();
  const operator = await arena.enlist(arena.signer(1), parseEther("1000"));
  const cast: Cast = { arena, operator, challenger: arena.signer(2) };
  const figures: Record<string, number> = {};
  for (const [name, make] of Object.entries(CASES)) {
    const subject = await prepare(arena, make());
    const { costliest, median } = search(subject.execution.program, subject.input, subject.trace);
    const dearest = await play(cast, subject, costliest);
    const middle = await play(cast, subject, [median]);
    const { ledger, seconds } = dearest;
    Object.assign(figures, {
      [`${name}.gas`]: ledger.total("gas"),
      [`${name}.txs`]: ledger.items.length,
      [`${name}.seconds`]: Number(seconds.toFixed(2)),
      [`${name}.median.gas`]: middle.ledger.total("gas"),
      [`${name}.future.gas`]: ledger.total("futureGas"),
    });
    const moves = ledger.items.map(({ move, gas }) => `${move} ${gas.toLocaleString("en")}`);
    console.log(`${name}: ${subject.execution.program.traceChunks} chunks of trace`);
    console.log(`  ${moves.join(", ")}; ${ledger.total("calldataBytes").toLocaleString("en")} bytes of calldata`);
    if (name === "mobilenetv2") figures["oneshot.gas"] = await oneshot(cast, subject);
  }
  figures["oneshot.request.gas"] = await oneshot(cast, await prepare(arena, small()));
  console.log();
  for (const [name, figure] of Object.entries(figures)) console.log(row(name, figure));
  return figures;
}

/** Plays every candidate, and what is false in which segment; the dearest of all these disputes. */
async function play(cast: Cast, subject: Subject, candidates: readonly Candidate[]) {
  let dearest: { ledger: Dispute["ledger"]; seconds: number } | undefined;
  for (const candidate of candidates) {
    for (const distortion of Object.values(LIES)) {
      const dispute = await Dispute.prepare(cast, subject);
      const startedMs = performance.now();
      await dispute.play(candidate, distortion);
      const seconds = (performance.now() - startedMs) / 1_000;
      const { ledger } = dispute;
      if (dearest === undefined || ledger.total("gas") > dearest.ledger.total("gas")) dearest = { ledger, seconds };
    }
  }
  if (dearest === undefined) throw new Error("nothing was played");
  return dearest;
}

/** A trace that everybody knows, and a wrong element of a depthwise convolution: one proof, and no session. */
async function oneshot(cast: Cast, subject: Subject): Promise<number> {
  const { execution, spec } = subject;
  const DEPTHWISE_STEPS = 9;
  let first = 0;
  const kernel = execution.program.kernels.findIndex(({ chunks }) => {
    const { valid } = execution.kernelOf(first);
    first += Number(chunks);
    return valid?.steps === DEPTHWISE_STEPS;
  });
  const { valid } = execution.kernelOf(first - Number(execution.program.kernels[kernel]?.chunks));
  const candidate = { kernel, element: Math.floor((valid?.elements ?? 0) / 2), gas: 0 };
  const { tree, index: chunk, output } = lieAbout(subject, candidate);
  const dispute = await Dispute.prepare(cast, subject);
  const asserted = await dispute.assert(output, tree.root);
  const { result, signature } = asserted;
  if (result.requestId === ZeroHash) {
    await cast.arena.contracts.receipts.connect(cast.operator.account).postReceipt(result, signature, "0x", "0x");
  }
  const trace = new PublicTrace(tree.root, execution.program.traceChunks);
  trace.addCommitment(frontier(tree, tree.depth, 0).map(toHex));
  for (let height = tree.depth - FRONTIER_LEVELS; ; height = Math.max(0, height - FRONTIER_LEVELS)) {
    const index = Math.floor(chunk / 2 ** height);
    const node = toHex(tree.node(height, index));
    const data = height === 0 ? tree.chunk(index) : concatBytes(...frontier(tree, height, index));
    trace.addRevealed({ height, index, node }, data);
    if (height === 0) break;
  }
  const challenger = new Challenger({ result, spec, output, tolerance: { atol: 0, rtol: 0 }, execution });
  const proof = challenger.proof(trace);
  if (proof?.type !== "proveElement") throw new Error(`the proof is ${proof?.type}`);
  await dispute.send(proof, cast.challenger);
  return dispute.ledger.total("gas");
}

function row(name: string, figure: number): string {
  const target = TARGETS[name];
  const line = `${name.padEnd(28)}${figure.toLocaleString("en").padStart(12)}`;
  if (target === undefined) return line;
  return `${line}   target ${target.toLocaleString("en")}${figure > target ? " MISSED" : ""}`;
}
