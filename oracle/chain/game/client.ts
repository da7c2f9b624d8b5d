/** The dispute game, as the roles see it. */
import type { Move } from "../../dispute/move.ts";
import type { Case, DisputeParameters, Refutation, Result } from "../../dispute/session.ts";
import type { AssertionId, Call, Game } from "../../roles/ports.ts";
import { disputeGameAt } from "../contracts.ts";
import type { RpcProvider } from "../provider.ts";
import { assertionId, type Domain } from "../typedData.ts";
import { GameCalls } from "./calls.ts";
import { caseFromAbi, refutationFromAbi } from "./structs.ts";

export interface GameOptions {
  readonly address: string;
  readonly domain: Domain;
  readonly parameters: DisputeParameters;
}

export class GameClient implements Game {
  readonly parameters: DisputeParameters;
  readonly #domain: Domain;
  readonly #calls: GameCalls;
  readonly #game: ReturnType<typeof disputeGameAt>;

  constructor({ address, domain, parameters }: GameOptions, provider: RpcProvider) {
    this.parameters = parameters;
    this.#domain = domain;
    this.#calls = new GameCalls(address, parameters.challengeBond);
    this.#game = disputeGameAt(address, provider);
  }

  assertionId(result: Result): AssertionId {
    return assertionId(this.#domain, result);
  }

  async caseOf(assertionId: AssertionId): Promise<Case> {
    return caseFromAbi(await this.#game.caseOf(assertionId));
  }

  async refutationOf(assertionId: AssertionId): Promise<Refutation | undefined> {
    const refutation = refutationFromAbi(await this.#game.refutationOf(assertionId));
    return refutation.refutedAt === 0 ? undefined : refutation;
  }

  call(move: Move): Call {
    return this.#calls.move(move);
  }
}
