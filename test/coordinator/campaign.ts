// Takes calls on chain and in the ghost ledger at once, and compares both.
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import { type ContractTransactionResponse, ZeroAddress } from "ethers";
import { ASSERTION_STATE, MODEL, OFFER, packWord, REQUEST_STATE, unpackWord } from "../../oracle/chain/words.ts";
import type { Audit } from "../../types/index.ts";
import { runs } from "../budget.ts";
import type { Cast } from "./cast.ts";
import { at, type Dice } from "./dice.ts";
import { escrowOf } from "./ghostRequests.ts";
import { type AssertionGhost, type Block, type Ghost, newGhost, operatorOf, owedTo, Refused } from "./ghostState.ts";
import type { Spec, World } from "./world.ts";

/** A call: what the ghost makes of it, and the transaction. */
export interface Move {
  readonly name: string;
  /** The transitions taken; throws `Refused` where the transaction must revert. */
  predict(ghost: Ghost, block: Block): string[];
  send(): Promise<ContractTransactionResponse>;
}

/** How often a move is made, and its maker; without a fit request or answer there is none. */
export type Kind = readonly [weight: number, make: () => Move | undefined | Promise<Move | undefined>];

type Snapshot = Awaited<ReturnType<Audit["read"]>>;

const GWEI = 10n ** 9n;
const REFUSALS_TRIED = 20;
/** The ledger remembers: what a call did wrong is still there after the next ones. */
const CALLS_PER_CHECK = runs(5, 1);

export class Campaign {
  readonly world: World;
  readonly ghost: Ghost;
  /** How often each transition was taken. */
  readonly counts = new Map<string, number>();
  /** How often each error was met. */
  readonly refusals = new Map<string, number>();
  private readonly foreseen = new Map<string, number>();
  readonly operators: readonly string[];
  private readonly audit: Audit;
  private readonly accounts: readonly string[];
  private forced = 0n;
  private calls = 0;

  constructor(world: World, audit: Audit, cast: Cast) {
    this.world = world;
    this.audit = audit;
    this.operators = cast.operators.map(({ address }) => address);
    this.accounts = [...cast.accounts, ZeroAddress];
    this.ghost = newGhost(world.parameters, world.chainId, world.address);
  }

  /** Mostly a model that takes requests. */
  someModel(dice: Dice): string {
    const all = [...this.ghost.models];
    const open = all.filter(([, { deprecated }]) => !deprecated);
    return dice.pick(dice.chance(0.95) ? open : all)[0];
  }

  /** Makes the move in a block of time `now`, and checks its outcome; everything after every few calls. */
  async take(move: Move, now: bigint, prevrandao: bigint): Promise<{ taken: string[] }> {
    const { networkHelpers, ethers } = this.world.connection;
    const number = BigInt(await ethers.provider.getBlockNumber()) + 1n;
    const expected = this.predict(move, { now, number, prevrandao });
    if (this.isStale(expected.refusal)) return expected;
    await networkHelpers.time.setNextBlockTimestamp(now);
    await networkHelpers.setPrevRandao(prevrandao);
    const refusal = await this.send(move);
    expect(refusal ?? "success", `${move.name} at ${now}`).to.equal(expected.refusal ?? "success");
    for (const id of expected.taken) this.counts.set(id, (this.counts.get(id) ?? 0) + 1);
    if (refusal !== undefined) this.refusals.set(refusal, (this.refusals.get(refusal) ?? 0) + 1);
    this.calls++;
    if (this.calls % CALLS_PER_CHECK === 0) await this.check(`after ${move.name}`);
    return expected;
  }

  /** A reverted transaction takes as long as three good ones: of the errors met often, most are not tried again. */
  private isStale(refusal: string | undefined): boolean {
    if (refusal === undefined) return false;
    const count = this.foreseen.get(refusal) ?? 0;
    this.foreseen.set(refusal, count + 1);
    return count >= REFUSALS_TRIED && count % REFUSALS_TRIED !== 0;
  }

  /** Registers a model and adopts it into the ghost. */
  async register(owner: HardhatEthersSigner, spec: Spec): Promise<void> {
    await this.world.tick();
    const modelId = await this.world.register(owner, spec);
    this.ghost.models.set(modelId, unpackWord(MODEL, await this.world.coordinator.modelOf(modelId)));
    this.ghost.offers.set(modelId, []);
  }

  /** Ether that nobody sent through a function. */
  async forceEther(amount: bigint): Promise<void> {
    const { networkHelpers, ethers } = this.world.connection;
    const balance = await ethers.provider.getBalance(this.world.address);
    await networkHelpers.setBalance(this.world.address, balance + amount);
    this.forced += amount;
  }

  private predict(move: Move, block: Block): { taken: string[]; refusal?: string } {
    const before = structuredClone(this.ghost);
    try {
      return { taken: move.predict(this.ghost, block) };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      Object.assign(this.ghost, before);
      return { taken: [], refusal: error.error };
    }
  }

  /** The name of the custom error, if it reverted. */
  private async send(move: Move): Promise<string | undefined> {
    try {
      await move.send();
      return undefined;
    } catch (error) {
      const data = error instanceof Error && "data" in error ? String(error.data) : "";
      const { coordinator, registry, arbiter } = this.world;
      for (const contract of [coordinator, registry, arbiter]) {
        const parsed = data === "" ? null : contract.interface.parseError(data);
        if (parsed !== null) return parsed.name;
      }
      throw error;
    }
  }

  async check(when: string): Promise<void> {
    const requests = [...this.ghost.requests.keys()];
    const models = [...this.ghost.models.keys()];
    const found = await this.audit.read(this.world.address, [...this.operators], [...this.accounts], requests, models);
    this.checkOperators(found, when);
    this.checkRequests(found, when);
    this.checkOffers(found, when);
    this.checkMoney(found, when);
  }

  private checkOperators(found: Snapshot, when: string): void {
    this.operators.forEach((address, i) => {
      const { stake, locked, earnings, live, exiting, exitAt, jailed, slashed } = at(found.operators, i);
      const ghost = operatorOf(this.ghost, address);
      holds(locked <= stake, "INV-3 locked <= stake", when);
      same(stake, ghost.stake, `INV-7 stake of operator ${i}`, when);
      same(locked, ghost.locked, `INV-7 locked of operator ${i}`, when);
      same(earnings, ghost.earnings, `INV-7 earnings of operator ${i}`, when);
      same(exiting, ghost.exiting, `INV-7 exiting of operator ${i}`, when);
      same(exitAt, ghost.exitAt, `INV-7 exitAt of operator ${i}`, when);
      same(live, ghost.live, `INV-7 live of operator ${i}`, when);
      same(slashed, ghost.slashed, `INV-7 slashed of operator ${i}`, when);
      same(jailed, ghost.stake < this.world.parameters.minStake, `INV-7 jailed of operator ${i}`, when);
    });
  }

  private checkRequests(found: Snapshot, when: string): void {
    const bonds = new Map<string, bigint>();
    [...this.ghost.requests.values()].forEach((ghost, r) => {
      const word = at(found.requests, r);
      const state = unpackWord(REQUEST_STATE, word);
      const { commitment } = state;
      same(word, packWord(REQUEST_STATE, { ...ghost.state, commitment }), `INV-7 request ${ghost.id}`, when);
      let live = 0;
      let delivered = 0;
      this.operators.forEach((address, o) => {
        const known = ghost.assertions.get(address);
        const stored = at(found.assertions, r * this.operators.length + o);
        const expected = known === undefined ? 0n : packWord(ASSERTION_STATE, fieldsOf(known));
        same(stored, expected, `INV-7 assertion of operator ${o} on ${ghost.id}`, when);
        if (stored === 0n) return;
        const assertion = unpackWord(ASSERTION_STATE, stored);
        if (assertion.delivered) delivered++;
        if (!assertion.live) return;
        live++;
        bonds.set(address, (bonds.get(address) ?? 0n) + assertion.bond * GWEI);
      });
      same(state.live, live, "INV-4 live assertions are counted", when);
      const { status } = state;
      const isClosed = status === "Final" || status === "Expired";
      if (status !== "Final") {
        same(status === "Asserted", live > 0, "INV-4 Asserted iff an assertion lives", when);
        same(delivered, state.provisionalDelivered ? 1 : 0, "INV-8 one Provisional is out or none", when);
      }
      same(ghost.closed, isClosed ? 1 : 0, "INV-2 no request is paid or refunded twice", when);
    });
    this.operators.forEach((address, i) => {
      same(at(found.operators, i).locked, bonds.get(address) ?? 0n, "INV-3 locked is the sum of the bonds", when);
    });
  }

  private checkOffers(found: Snapshot, when: string): void {
    [...this.ghost.models].forEach(([modelId, model], m) => {
      same(at(found.models, m), packWord(MODEL, model), `INV-7 model ${m}`, when);
      const offers = this.ghost.offers.get(modelId) ?? [];
      const listed = at(found.offers, m);
      same(listed.length, offers.length, `INV-5 the length of the list of model ${m}`, when);
      offers.forEach((offer, i) => {
        same(at(listed, i), packWord(OFFER, offer), `INV-5 offer ${i} of model ${m}`, when);
      });
      this.operators.forEach((address, o) => {
        const own = at(found.offersByOperator, m * this.operators.length + o);
        const index = offers.findIndex(({ operator }) => operator === address);
        same(own, index < 0 ? 0n : at(listed, index), `INV-5 the index of operator ${o} for model ${m}`, when);
      });
    });
  }

  private checkMoney(found: Snapshot, when: string): void {
    this.accounts.forEach((account, i) => {
      same(at(found.owed, i), owedTo(this.ghost, account), `INV-7 owed to ${account}`, when);
    });
    const stakes = sum(found.operators.map(({ stake, exiting }) => stake + exiting));
    const escrows = sum([...this.ghost.requests.values()].map(escrowOf));
    const liabilities = stakes + sum(found.owed) + escrows;
    const { received, sent, burned } = this.ghost;
    holds(found.balance >= liabilities, "INV-1 balance >= liabilities", when);
    same(liabilities + burned, received - sent, "INV-6 every wei is owed to somebody or burned", when);
    same(found.balance, received - sent + this.forced, "INV-6 the balance is what came less what went", when);
  }
}

/** Chai's comparison of everything after every call would take longer than the calls. */
function same<T extends bigint | number | boolean>(actual: T, expected: T, invariant: string, when: string): void {
  if (actual !== expected) expect(actual, `${invariant}, ${when}`).to.equal(expected);
}

function holds(condition: boolean, invariant: string, when: string): void {
  same(condition, true, invariant, when);
}

function fieldsOf({ assertionId, bond, finalisableAt, live, held, delivered }: AssertionGhost) {
  const id = BigInt(assertionId) >> 96n;
  return { live, held, delivered, finalisableAt: Number(finalisableAt), bond: bond / GWEI, id };
}

const sum = (amounts: readonly bigint[]) => amounts.reduce((total, amount) => total + amount, 0n);
