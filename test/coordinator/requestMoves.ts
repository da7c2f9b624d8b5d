// Random calls on requests, for the campaign: mostly sensible, sometimes at a wrong time or plain wrong.
import { hexlify, parseEther, ZeroAddress } from "ethers";
import type { Campaign, Kind, Move } from "./campaign.ts";
import type { Cast, Key } from "./cast.ts";
import type { Dice } from "./dice.ts";
import * as ghostly from "./ghostRequests.ts";
import { operatorOf, type RequestGhost } from "./ghostState.ts";
import { GAS } from "./operatorMoves.ts";
import { callbackCost, callbacks, policyOf, rootOf, type World } from "./world.ts";

const GWEI = 10n ** 9n;
const TOP_CLASS = 63;
/** Enough for a consumer that keeps all that it is told. */
const CALLBACK_GAS = 400_000;
const MAX_OPEN = 10;
const KEPT_CLOSED = 3;

type Answered = { found: RequestGhost; signed: ghostly.SignedBy };
type Status = RequestGhost["state"]["status"];

export class RequestMoves {
  private readonly campaign: Campaign;
  private readonly world: World;
  private readonly cast: Cast;
  private readonly dice: Dice;
  /** Everything that was ever asserted on a request that is still kept. */
  private readonly answers = new Map<string, ghostly.SignedBy[]>();

  constructor(campaign: Campaign, cast: Cast, dice: Dice) {
    this.campaign = campaign;
    this.world = campaign.world;
    this.cast = cast;
    this.dice = dice;
  }

  /** Weights and makers; a maker without a move for the moment gives none. */
  get kinds(): readonly Kind[] {
    return [
      [15, () => this.request()],
      [11, () => this.assertResult()],
      [5, () => this.assertResults()],
      [12, () => this.assertBeside()],
      [10, () => this.finalise()],
      [4, () => this.finaliseBatch()],
      [6, () => this.settle()],
      [6, () => this.expire()],
      [8, () => this.deliver()],
      [3, () => this.judge("hold")],
      [8, () => this.judge("release")],
      [6, () => this.reject()],
    ];
  }

  /** A timestamp after `latest`: soon, or where some period begins or ends, or one second beside that. */
  nextTime(latest: bigint): bigint {
    const soon = latest + 1n + BigInt(this.dice.below(8));
    if (this.dice.chance(0.88)) return soon;
    const { requests, operators } = this.campaign.ghost;
    const edges = [...requests.values()].flatMap((found) => [
      ghostly.endsAt(found),
      ghostly.exclusiveOf(found)?.until ?? 0n,
      ...[...found.assertions.values()].map(({ finalisableAt }) => finalisableAt),
    ]);
    const exits = [...operators.values()].map(({ exitAt }) => exitAt);
    const near = (this.dice.chance(0.1) ? exits : edges)
      .map((edge) => edge + BigInt(this.dice.below(3)) - 1n)
      .filter((time) => time > latest);
    return near.length === 0 ? soon : this.dice.pick(near);
  }

  /** Keeps the audit short: of the closed requests without a living assertion, the youngest stay. */
  forgetClosed(): void {
    const { requests } = this.campaign.ghost;
    const over = [...requests.values()].filter(({ closed, state }) => closed > 0 && state.live === 0);
    for (const { id } of over.slice(0, -KEPT_CLOSED)) {
      requests.delete(id);
      this.answers.delete(id);
    }
  }

  private request(): Move | undefined {
    const open = [...this.campaign.ghost.requests.values()].filter(({ closed }) => closed === 0);
    if (open.length >= MAX_OPEN) return undefined;
    const modelId = this.campaign.someModel(this.dice);
    const policy = this.policy();
    const fee = this.dice.pick([1n, 1_000n, parseEther("0.001"), parseEther("0.01"), parseEther("0.5")]);
    const value = this.dice.chance(0.03) ? callbackCost(policy) : fee + callbackCost(policy);
    const input = hexlify(new Uint8Array(128).fill(this.dice.below(3)));
    const account = this.dice.pick(this.cast.requesters);
    const consumer = this.dice.pick(this.cast.consumers);
    const throughConsumer = this.dice.chance(0.6);
    const requester = throughConsumer ? consumer.address : account.address;
    const call = { requester, modelId, inputRoot: rootOf(input), policy, value };
    const target = throughConsumer ? consumer.contract : this.world.coordinator.connect(account);
    return {
      name: "request",
      predict: (ghost, block) => [ghostly.request(ghost, block, call).taken],
      send: () => target.request(modelId, [input], policy, { ...GAS, value }),
    };
  }

  private policy(): bigint {
    // Of what an operator has to spare: a few of them are more than it can answer.
    const { stake, locked } = operatorOf(this.campaign.ghost, this.dice.pick(this.cast.operators).address);
    const half = (stake - locked) / 2n / GWEI;
    const fields = {
      answerPeriod: this.dice.pick([60, 300, 1_500]),
      minBond: this.dice.pick([0n, 300_000_000n, half, half]),
      atolClass: this.dice.chance(0.9) ? TOP_CLASS : 0,
    };
    if (this.dice.chance(0.3)) return policyOf(fields);
    const kinds = this.dice.pick([
      { provisional: true },
      { final: true },
      { provisional: true, final: true },
      { provisional: true, final: true },
    ]);
    return callbacks(kinds, { ...fields, callbackGas: CALLBACK_GAS, callbackGasPrice: this.dice.pick([0n, 1_000n]) });
  }

  private async assertResult(): Promise<Move | undefined> {
    const found = await this.answerable();
    if (found === undefined) return undefined;
    const signed = await this.sign(found);
    const { answer, output, signature } = signed;
    return {
      name: "assertResult",
      predict: (ghost, block) => {
        const taken = ghostly.assertResult(ghost, block, found, signed);
        this.remember(found, signed);
        return taken;
      },
      send: () => this.relay().assertResult(found.request, answer, output, signature, GAS),
    };
  }

  private async assertResults(): Promise<Move | undefined> {
    const items: Answered[] = [];
    const count = 1 + this.dice.below(3);
    for (let i = 0; i < count; i++) {
      const found = await this.answerable();
      if (found !== undefined) items.push({ found, signed: await this.sign(found) });
    }
    return {
      name: "assertResults",
      predict: (ghost, block) => {
        const before = items.map(({ found }) => found.assertions.size);
        const taken = ghostly.assertResults(ghost, block, items);
        items.forEach(({ found, signed }, i) => {
          if (found.assertions.size > (before[i] ?? 0)) this.remember(found, signed);
        });
        return taken;
      },
      send: () => this.relay().assertResults(items.map(toAssertion), GAS),
    };
  }

  private async assertBeside(): Promise<Move | undefined> {
    const latest = BigInt(await this.world.time.latest());
    const inWindow = this.answersOf("Asserted").filter(({ found, signed }) =>
      ghostly.isContestable(found, signed, latest),
    );
    const rival = inWindow.length > 0 && this.dice.chance(0.9) ? this.dice.pick(inWindow) : this.someAnswer("Asserted");
    if (rival === undefined) return undefined;
    const { found } = rival;
    const signed = await this.sign(found);
    const value = this.dice.chance(0.2) ? 1_000n : 0n;
    return {
      name: "assertBeside",
      predict: (ghost, block) => {
        const taken = ghostly.assertBeside(ghost, block, found, signed, rival.signed, value);
        this.remember(found, signed);
        return taken;
      },
      send: () =>
        this.relay().assertBeside(toAssertion({ found, signed }), rival.signed.answer, rival.signed.outputRoot, "0x", {
          ...GAS,
          value,
        }),
    };
  }

  private finalise(): Move | undefined {
    const item = this.someAnswer(this.dice.chance(0.9) ? "Asserted" : undefined);
    if (item === undefined) return undefined;
    const { found, signed } = item;
    return {
      name: "finalise",
      predict: (ghost, block) => ghostly.finalise(ghost, block, found, signed),
      send: () => this.relay().finalise(found.request, signed.answer, signed.outputRoot, signed.output, GAS),
    };
  }

  private finaliseBatch(): Move {
    const picks = Array.from({ length: 1 + this.dice.below(3) }, () => this.someAnswer(undefined));
    const items = picks.filter((item) => item !== undefined);
    return {
      name: "finaliseBatch",
      predict: (ghost, block) => ghostly.finaliseBatch(ghost, block, items),
      send: () => this.relay().finaliseBatch(items.map(toFinalisation), GAS),
    };
  }

  private settle(): Move | undefined {
    const item = this.someAnswer(this.dice.chance(0.9) ? "Final" : undefined);
    if (item === undefined) return undefined;
    const { found, signed } = item;
    const root = found.finalRoot ?? signed.outputRoot;
    return {
      name: "settle",
      predict: (ghost, block) => [ghostly.settle(ghost, block, found, signed, root)],
      send: () => this.relay().settle(found.request, signed.answer, signed.outputRoot, root, GAS),
    };
  }

  private async expire(): Promise<Move | undefined> {
    const found = this.dice.chance(0.8) ? await this.overdue() : this.someRequest();
    if (found === undefined) return undefined;
    return {
      name: "expire",
      predict: (ghost, block) => ghostly.expire(ghost, block, found),
      send: () => this.relay().expire(found.request, GAS),
    };
  }

  private deliver(): Move | undefined {
    const due = this.answersOf(undefined).filter(({ found, signed }) => ghostly.isDue(found, signed));
    const item = due.length > 0 && this.dice.chance(0.7) ? this.dice.pick(due) : this.someAnswer(undefined);
    if (item === undefined) return undefined;
    const { found, signed } = item;
    return {
      name: "deliver",
      predict: (ghost) => [ghostly.deliver(ghost, found, signed)],
      send: () => this.relay().deliver(found.request, signed.answer, signed.output, GAS),
    };
  }

  private judge(call: "hold" | "release"): Move | undefined {
    const item = this.someAnswer(undefined);
    if (item === undefined) return undefined;
    const { found, signed } = item;
    return {
      name: call,
      predict: () => [call === "hold" ? ghostly.hold(found, signed) : ghostly.release(found, signed)],
      send: () => this.world.arbiter[call](refOf(item), GAS),
    };
  }

  private reject(): Move | undefined {
    const item = this.someAnswer(undefined);
    if (item === undefined) return undefined;
    const { found, signed } = item;
    const winner = this.dice.chance(0.5) ? this.dice.pick(this.cast.operators).address : ZeroAddress;
    return {
      name: "reject",
      predict: (ghost, block) => [ghostly.reject(ghost, block, found, signed, winner)],
      send: () => this.world.arbiter.reject(refOf(item), winner, GAS),
    };
  }

  /** An answer of some operator, by some key: mostly a fit one. */
  private async sign(found: RequestGhost): Promise<ghostly.SignedBy> {
    const { ghost } = this.campaign;
    const latest = BigInt(await this.world.time.latest());
    const current = this.cast.keys.filter(({ address }) => ghost.keys.get(address)?.retiredAt === 0n);
    const operatorOf = ({ address }: Key) => ghost.keys.get(address)?.operator ?? ZeroAddress;
    const fresh = current.filter((key) => !found.assertions.has(operatorOf(key)));
    const drawn = fresh.filter((key) => operatorOf(key) === found.assignment.operator);
    const pool = drawn.length > 0 && this.dice.chance(0.6) ? drawn : fresh;
    const isFit = pool.length > 0 && this.dice.chance(0.93);
    const key = this.dice.pick(isFit ? pool : this.cast.keys);
    const operator = isFit ? operatorOf(key) : this.dice.pick(this.cast.operators).address;
    const issuedAt = this.dice.chance(0.95) ? latest : this.dice.pick([latest + 10_000n, 1n]);
    const answer = { operator, issuedAt, traceRoot: hexlify(new Uint8Array(32).fill(this.dice.below(256))) };
    const output = hexlify(new Uint8Array(96).fill(this.dice.chance(0.7) ? 1 : 2));
    return { ...this.world.signAnswer(found, answer, output, key.signingKey), signer: key.address };
  }

  private remember(found: RequestGhost, signed: ghostly.SignedBy): void {
    this.answers.set(found.id, [...(this.answers.get(found.id) ?? []), signed]);
  }

  /** Any answer on a request of this status, or of any. */
  private someAnswer(status: Status | undefined): Answered | undefined {
    const all = this.answersOf(status);
    return all.length === 0 ? undefined : this.dice.pick(all);
  }

  private answersOf(status: Status | undefined): Answered[] {
    return this.all(status).flatMap((found) => (this.answers.get(found.id) ?? []).map((signed) => ({ found, signed })));
  }

  private async answerable(): Promise<RequestGhost | undefined> {
    const latest = BigInt(await this.world.time.latest());
    const fit = this.all("Requested").filter((found) => latest < ghostly.endsAt(found));
    return fit.length > 0 && this.dice.chance(0.95) ? this.dice.pick(fit) : this.someRequest();
  }

  private async overdue(): Promise<RequestGhost | undefined> {
    const latest = BigInt(await this.world.time.latest());
    const fit = this.all("Requested").filter((found) => latest >= ghostly.endsAt(found));
    return fit.length > 0 ? this.dice.pick(fit) : undefined;
  }

  private someRequest(): RequestGhost | undefined {
    const all = this.all(undefined);
    return all.length === 0 ? undefined : this.dice.pick(all);
  }

  private all(status: Status | undefined): RequestGhost[] {
    const { requests } = this.campaign.ghost;
    return [...requests.values()].filter(({ state }) => status === undefined || state.status === status);
  }

  private relay() {
    return this.world.coordinator.connect(this.cast.stranger);
  }
}

const toAssertion = ({ found, signed }: Answered) => ({
  request: found.request,
  answer: signed.answer,
  output: signed.output,
  signature: signed.signature,
});

const toFinalisation = ({ found, signed }: Answered) => ({
  request: found.request,
  answer: signed.answer,
  outputRoot: signed.outputRoot,
  output: signed.output,
});

const refOf = ({ found, signed }: Answered) => ({
  assertionId: signed.assertionId,
  requestId: found.id,
  operator: signed.answer.operator,
});
