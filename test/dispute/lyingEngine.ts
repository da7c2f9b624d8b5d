// Runs programs like the product's engine, and then lies about what came out: in answers and in disputes.
import { Execution } from "../../oracle/dispute/execution.ts";
import type { Move } from "../../oracle/dispute/move.ts";
import { standingsOf, traceOf } from "../../oracle/dispute/record.ts";
import type { Program } from "../../oracle/model/program.ts";
import { CHUNK_BYTES, joinTensors, splitTensors } from "../../oracle/model/tensor.ts";
import type {
  CanonicalExecutor,
  CanonicalOutput,
  Judgement,
  Plan,
  Position,
  RunLimits,
  RunnableModel,
  Solver,
  Tensor,
} from "../../oracle/roles/ports.ts";
import { byteLength } from "../../oracle/roles/runnable.ts";
import { ChunkTree, treeDepth } from "../../oracle/vm/chunkTree.ts";
import { runProgram } from "../../oracle/vm/engine/executor.ts";
import type { Hex } from "../../oracle/vm/keccak.ts";
import type { Draft, Lie } from "./lies.ts";
import { type Distortion, LyingOperator, rightSums } from "./lyingOperator.ts";
import { OperatorTrace } from "./operatorTrace.ts";

/** How an operator lies. */
export interface Story {
  readonly lie: Lie;
  /** What it makes of sums; by default they are right as far as that goes. */
  readonly distort?: Distortion;
  /** Signs the trace's root with the answer; by default it commits to it when it is disputed. */
  readonly isEager?: boolean;
  /** What it leaves undone. */
  readonly withholds?: (move: Move) => boolean;
}

const NO_ROOT: Hex = `0x${"00".repeat(32)}`;

export class LyingEngine implements CanonicalExecutor, Solver {
  readonly #story: Story;
  readonly #program: Program;

  /** @param program of the only model that it runs */
  constructor(story: Story, program: Program) {
    this.#story = story;
    this.#program = program;
  }

  run(model: RunnableModel, inputs: readonly Tensor[]): Promise<CanonicalOutput> {
    const { draft, trace } = this.#answer(model, inputs);
    const parts = splitTensors(draft.output, model.outputs.map(byteLength));
    const outputs = model.outputs.map((signature, i) => ({ ...signature, bytes: parts[i] ?? new Uint8Array() }));
    return Promise.resolve({ outputs, traceRoot: this.#story.isEager === true ? trace.root : NO_ROOT });
  }

  load(): Promise<void> {
    return Promise.resolve();
  }

  judge(): Promise<Judgement> {
    throw new Error("a liar judges nobody");
  }

  play(model: RunnableModel, inputs: readonly Tensor[], _: RunLimits, position: Position): Promise<Plan> {
    const { distort = rightSums, withholds = () => false } = this.#story;
    const { draft, trace } = this.#answer(model, inputs);
    const { parameters, case: own, result, events } = position;
    const liar = new LyingOperator(result, draft.execution, trace, distort);
    const known = traceOf(result, events, draft.execution.program.traceChunks);
    const docket = { parameters, case: own, trace: known };
    const moves = own.refuted
      ? []
      : [...standingsOf(events).values()].flatMap((standing) => liar.next(standing, docket) ?? []);
    return Promise.resolve({ moves: moves.filter((move) => !withholds(move)), until: undefined });
  }

  #answer(model: RunnableModel, inputs: readonly Tensor[]): { draft: Draft; trace: OperatorTrace } {
    const program = this.#program;
    const input = joinTensors(inputs.map(({ bytes }) => bytes));
    const canonical = runProgram(program.kernels, program.weights, input);
    const trees = {
      trace: new ChunkTree(canonical),
      weights: new ChunkTree(program.weights),
      input: new ChunkTree(input),
    };
    const bytes = new Uint8Array(2 ** treeDepth(program.traceChunks) * CHUNK_BYTES);
    bytes.set(canonical);
    const from = (program.traceChunks - program.outputChunks) * CHUNK_BYTES;
    const outputBytes = joinTensors(model.outputs.map((signature) => new Uint8Array(byteLength(signature)))).length;
    const output = canonical.slice(from, from + outputBytes);
    const draft: Draft = { execution: new Execution(program, trees), input, trace: bytes, output, garbage: [] };
    this.#story.lie(draft);
    return { draft, trace: new OperatorTrace(draft.trace, draft.garbage) };
  }
}
