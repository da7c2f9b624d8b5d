/** Judges answers, and plays the disputes over them, where the trace is. */
import { Challenger } from "../dispute/challenger.ts";
import { Defender } from "../dispute/defender.ts";
import { Execution } from "../dispute/execution.ts";
import { wrongPart } from "../dispute/judgement.ts";
import { type Docket, type Next, play } from "../dispute/next.ts";
import { standingsOf, traceOf } from "../dispute/record.ts";
import type { Tolerance } from "../model/tolerance.ts";
import type { Judgement, Plan, Position } from "../roles/ports.ts";
import type { CanonicalProgram } from "../vm/canonicalProgram.ts";
import { ChunkTree } from "../vm/chunkTree.ts";
import type { HashEach, Hex } from "../vm/keccak.ts";
import { KernelTree } from "../vm/kernelTree.ts";

interface Commitments {
  readonly weights: ChunkTree;
  readonly kernels: KernelTree;
}

export class Disputes {
  readonly #hashEach: HashEach;
  /** The same for every run. */
  readonly #commitments = new WeakMap<CanonicalProgram, Commitments>();

  constructor(hashEach: HashEach) {
    this.#hashEach = hashEach;
  }

  /** @param answer whose trace root is 0 if its operator is bound to none */
  judge(
    program: CanonicalProgram,
    input: Uint8Array,
    tolerance: Tolerance,
    { output, traceRoot }: { readonly output: Uint8Array; readonly traceRoot: Hex },
  ): Judgement {
    const { execution, output: canonical } = this.#execute(program, input);
    return {
      wrong: wrongPart(execution, output, tolerance, traceRoot),
      outputRoot: new ChunkTree(canonical, this.#hashEach).root,
      traceRoot: execution.trees.trace.root,
    };
  }

  /** What a side does in all of its sessions. */
  play(program: CanonicalProgram, input: Uint8Array, tolerance: Tolerance, position: Position): Plan {
    const { execution } = this.#execute(program, input);
    const nexts =
      position.side === "operator" ? defend(execution, position) : challenge(execution, tolerance, position);
    const moves = nexts.flatMap((next) => (next.type === "move" ? [next.move] : []));
    const times = nexts.flatMap((next) => (next.type === "wait" && next.until !== undefined ? [next.until] : []));
    return { moves, until: times.length === 0 ? undefined : Math.min(...times) };
  }

  /** A run; valid until the next one of this program. */
  #execute(program: CanonicalProgram, input: Uint8Array) {
    const { output, trace } = program.run(input);
    const { weights, kernels } = this.#commitmentsOf(program);
    const trees = { trace: new ChunkTree(trace, this.#hashEach), weights, input: new ChunkTree(input, this.#hashEach) };
    return { execution: new Execution(program.program, trees, kernels), output };
  }

  #commitmentsOf(canonical: CanonicalProgram): Commitments {
    const known = this.#commitments.get(canonical);
    if (known !== undefined) return known;
    const { weights, kernels } = canonical.program;
    const commitments = { weights: new ChunkTree(weights, this.#hashEach), kernels: new KernelTree(kernels) };
    this.#commitments.set(canonical, commitments);
    return commitments;
  }
}

function docketOf({ program }: Execution, { parameters, case: own, refutation, result, events }: Position): Docket {
  return { parameters, case: own, refutation, trace: traceOf(result, events, program.traceChunks) };
}

function challenge(execution: Execution, tolerance: Tolerance, position: Position): readonly Next[] {
  const { result, spec, output, us, events, now } = position;
  const challenger = new Challenger({ result, spec, output, tolerance, execution });
  const docket = docketOf(execution, position);
  const own = [...standingsOf(events).values()].filter(({ session }) => session.owner === us);
  if (own.length > 0) return own.map((standing) => challenger.next(standing, docket, now));
  if (docket.case.refuted) return [];
  const proof = docket.trace && challenger.proof(docket.trace);
  return [play(proof ?? challenger.open())];
}

/** A commitment serves all sessions: one is enough. */
function defend(execution: Execution, position: Position): readonly Next[] {
  const { result, events, now } = position;
  const defender = new Defender(result, execution);
  const docket = docketOf(execution, position);
  const nexts = [...standingsOf(events).values()].map((standing) => defender.next(standing, docket, now));
  const isCommitment = (next: Next) => next.type === "move" && next.move.type === "commit";
  const commitment = nexts.find(isCommitment);
  return nexts.filter((next) => next === commitment || !isCommitment(next));
}
