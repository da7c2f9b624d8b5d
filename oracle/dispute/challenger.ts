/**
 * The honest challenger: it has run the program, and goes the shortest way to a proof that the assertion is wrong.
 * docs/protocol.md says why it gets there unless the operator runs out of time.
 */
import type { ProvingTree } from "../vm/chunkTree.ts";
import { ask } from "./ask.ts";
import type { Assertion } from "./assertion.ts";
import { claim } from "./claim.ts";
import { hasRunOut, withCommitment } from "./clock.ts";
import { DisputedTrace } from "./disputedTrace.ts";
import { find } from "./finding.ts";
import { isAbove } from "./firstFault.ts";
import { firstOutputChunk, outputFault } from "./judgement.ts";
import type { Open, Proof } from "./move.ts";
import { awaitTurn, type Docket, type Next, NOTHING, play, type Standing } from "./next.ts";
import { PatchedTree } from "./patchedTree.ts";
import { type Evidence, proofOf } from "./proofs.ts";
import type { PublicTrace } from "./publicTrace.ts";
import { TURN } from "./rules.ts";

export class Challenger {
  readonly #assertion: Assertion;
  readonly #guesses: readonly ProvingTree[];

  constructor(assertion: Assertion) {
    const { execution, output, tolerance } = assertion;
    const canonical = execution.trees.trace;
    this.#assertion = assertion;
    // The simplest lie: another output, and nothing else is different. Its whole trace is known without asking.
    const isOutputRight = outputFault(execution, output, tolerance) === undefined;
    const simplest = isOutputRight ? [] : [new PatchedTree(canonical, firstOutputChunk(execution), output)];
    this.#guesses = [canonical, ...simplest];
  }

  open(): Open {
    const { result, spec } = this.#assertion;
    return { type: "open", result, spec };
  }

  /** A proof that takes no session; undefined until what is public allows one. */
  proof(trace: PublicTrace): Proof | undefined {
    const evidence = this.#evidence(trace);
    const finding = find(this.#assertion, evidence.trace);
    return finding && proofOf(evidence, finding, []);
  }

  /** What the owner of a session does at `now`. */
  next(standing: Standing, docket: Docket, now: number): Next {
    const { session } = standing;
    const { trace, parameters } = docket;
    const { result } = this.#assertion;
    if (docket.case.refuted) return claim(session, docket, now);
    if (trace === undefined) return awaitTurn(session, session, result, now);

    const evidence = this.#evidence(trace);
    const finding = find(this.#assertion, evidence.trace);
    const counted = withCommitment(session, docket.case, trace.root, parameters.increment);
    // At any time, whoever's turn it is, and even if the owner's clock ran out.
    const proof = finding && proofOf(evidence, finding, isAbove(counted, finding) ? [session] : []);
    if (proof !== undefined) return play(proof);
    if (TURN[counted.phase] === "operator") return awaitTurn(session, counted, result, now);
    const canAsk = finding !== undefined && isAbove(counted, finding) && !hasRunOut(counted, now);
    return canAsk ? play(ask(evidence, finding, standing, counted)) : NOTHING;
  }

  #evidence(trace: PublicTrace): Evidence {
    return { assertion: this.#assertion, trace: new DisputedTrace(trace, this.#guesses) };
  }
}
