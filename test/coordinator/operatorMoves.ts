// Random calls of operators, model owners and the arbiter's treasury, for the campaign.
import { parseEther, ZeroAddress } from "ethers";
import type { Campaign, Kind, Move } from "./campaign.ts";
import type { Cast } from "./cast.ts";
import type { Dice } from "./dice.ts";
import * as ghostly from "./ghostOperators.ts";
import { operatorOf } from "./ghostState.ts";

/** Enough for everything a move can cost; estimating it first would run every move twice. */
export const GAS = { gasLimit: 12_000_000n };
const MAX_DEPRECATED = 5;

export class OperatorMoves {
  private readonly campaign: Campaign;
  private readonly cast: Cast;
  private readonly dice: Dice;

  constructor(campaign: Campaign, cast: Cast, dice: Dice) {
    this.campaign = campaign;
    this.cast = cast;
    this.dice = dice;
  }

  /** Weights and makers; a maker without a move for the moment gives none. */
  get kinds(): readonly Kind[] {
    return [
      [5, () => this.stake()],
      [1.5, () => this.requestExit()],
      [1.5, () => this.completeExit()],
      [2, () => this.slash()],
      [2, () => this.addKey()],
      [0.6, () => this.retireKey()],
      [3, () => this.setLive()],
      [4, () => this.setOffer()],
      [3, () => this.removeOffer()],
      [3, () => this.withdraw()],
      [0.5, () => this.setRoyalty()],
      [0.2, () => this.deprecate()],
    ];
  }

  private stake(): Move {
    const caller = this.dice.pick(this.cast.operators);
    const value = this.dice.pick([0n, 1n, parseEther("0.7"), parseEther("1"), parseEther("2")]);
    return {
      name: "stake",
      predict: (ghost) => [ghostly.stake(ghost, caller.address, value)],
      send: () => this.as(caller).stake({ ...GAS, value }),
    };
  }

  private requestExit(): Move {
    const caller = this.dice.pick(this.cast.operators);
    const { stake, locked } = operatorOf(this.campaign.ghost, caller.address);
    const free = stake - locked;
    const amount = this.dice.pick([0n, 1n, parseEther("0.4"), parseEther("0.4"), free, free + 1n]);
    return {
      name: "requestExit",
      predict: (ghost, block) => [ghostly.requestExit(ghost, block, caller.address, amount)],
      send: () => this.as(caller).requestExit(amount, GAS),
    };
  }

  private completeExit(): Move {
    const caller = this.exiting();
    const to = this.dice.chance(0.1) ? ZeroAddress : caller.address;
    return {
      name: "completeExit",
      predict: (ghost, block) => [ghostly.completeExit(ghost, block, caller.address, to)],
      send: () => this.as(caller).completeExit(to, GAS),
    };
  }

  private slash(): Move {
    const isExit = this.dice.chance(0.2);
    const operator = (isExit ? this.exiting() : this.dice.pick(this.cast.operators)).address;
    const amount = isExit
      ? parseEther("50")
      : this.dice.pick([0n, parseEther("0.01"), parseEther("0.05"), parseEther("0.3")]);
    const recipients = [...this.cast.requesters, this.cast.stranger];
    const payouts = Array.from({ length: this.dice.below(3) }, () => ({
      recipient: this.dice.chance(0.1) ? ZeroAddress : this.dice.pick(recipients).address,
      amount: amount / BigInt(1 + this.dice.below(4)),
    }));
    return {
      name: "slash",
      predict: (ghost) => [ghostly.slash(ghost, operator, amount, payouts)],
      send: () => this.campaign.world.arbiter.slash(operator, amount, payouts, GAS),
    };
  }

  private async addKey(): Promise<Move> {
    const caller = this.dice.pick(this.cast.operators);
    const key = this.dice.chance(0.7) ? await this.cast.makeKey() : this.dice.pick(this.cast.keys);
    const signature = this.campaign.world.bind(key.signingKey, caller.address);
    return {
      name: "addKey",
      predict: (ghost) => [ghostly.addKey(ghost, caller.address, key.address)],
      send: () => this.as(caller).addKey(signature, GAS),
    };
  }

  private retireKey(): Move {
    const { ghost } = this.campaign;
    const caller = this.dice.pick(this.cast.operators);
    const own = this.cast.keys.filter(({ address }) => ghost.keys.get(address)?.operator === caller.address);
    const key = this.dice.pick(own.length > 0 && this.dice.chance(0.6) ? own : this.cast.keys).address;
    return {
      name: "retireKey",
      predict: (ghost, block) => [ghostly.retireKey(ghost, block, caller.address, key)],
      send: () => this.as(caller).retireKey(key, GAS),
    };
  }

  private setLive(): Move {
    const { account, address } = this.operatorOrKey();
    const live = this.dice.chance(0.8);
    return {
      name: "setLive",
      predict: (ghost) => [ghostly.setLive(ghost, address, live)],
      send: () => this.as(account).setLive(live, GAS),
    };
  }

  private setOffer(): Move {
    const { account, address } = this.operatorOrKey();
    const modelId = this.campaign.someModel(this.dice);
    const terms = {
      price: this.dice.pick([0n, 1_000n, 10_000_000n]),
      latency: this.dice.pick([0, 5, 20, 20, 200]),
      penaltyBps: this.dice.pick([0, 5_000, 5_000, 10_000, 10_000, 10_001]),
      callbackKgas: this.dice.pick([0, 400, 2_000, 2_000, 2_001]),
    };
    const { price, latency, penaltyBps, callbackKgas } = terms;
    return {
      name: "setOffer",
      predict: (ghost) => [ghostly.setOffer(ghost, address, modelId, terms)],
      send: () => this.as(account).setOffer(modelId, price, latency, penaltyBps, callbackKgas, GAS),
    };
  }

  private removeOffer(): Move {
    const { stranger } = this.cast;
    const caller = this.dice.chance(0.5) ? this.operatorOrKey() : { account: stranger, address: stranger.address };
    const modelId = this.campaign.someModel(this.dice);
    const operator = this.dice.chance(0.5) ? caller.address : this.dice.pick(this.cast.operators).address;
    return {
      name: "removeOffer",
      predict: (ghost) => [ghostly.removeOffer(ghost, caller.address, modelId, operator)],
      send: () => this.as(caller.account).removeOffer(modelId, operator, GAS),
    };
  }

  private withdraw(): Move {
    const { ghost } = this.campaign;
    if (this.dice.chance(0.4)) {
      const account = this.dice.pick(this.cast.consumers).address;
      const refuses = this.cast.refusingEther.has(account);
      return {
        name: "withdrawFor",
        predict: () => [ghostly.withdraw(ghost, account, account, refuses)],
        send: () => this.as(this.cast.stranger).withdrawFor(account, GAS),
      };
    }
    const caller = this.dice.pick([...this.cast.operators, ...this.cast.requesters, this.cast.owner]);
    const to = this.dice.chance(0.1) ? ZeroAddress : caller.address;
    return {
      name: "withdraw",
      predict: () => [ghostly.withdraw(ghost, caller.address, to, false)],
      send: () => this.as(caller).withdraw(to, GAS),
    };
  }

  private setRoyalty(): Move {
    const caller = this.ownerOrStranger();
    const modelId = this.campaign.someModel(this.dice);
    const royaltyBps = this.dice.pick([0, 250, 3_333, 10_000, 10_001]);
    return {
      name: "setRoyalty",
      predict: (ghost) => [ghostly.setRoyalty(ghost, caller.address, modelId, royaltyBps)],
      send: () => this.campaign.world.registry.connect(caller).setRoyalty(modelId, royaltyBps, GAS),
    };
  }

  private deprecate(): Move | undefined {
    const deprecated = [...this.campaign.ghost.models.values()].filter((model) => model.deprecated);
    if (deprecated.length >= MAX_DEPRECATED) return undefined;
    const caller = this.ownerOrStranger();
    const modelId = this.campaign.someModel(this.dice);
    return {
      name: "deprecate",
      predict: (ghost) => [ghostly.deprecate(ghost, caller.address, modelId)],
      send: () => this.campaign.world.registry.connect(caller).deprecate(modelId, GAS),
    };
  }

  /** An operator whose stake is on its way out, if there is one. */
  private exiting() {
    const { ghost } = this.campaign;
    const exiting = this.cast.operators.filter(({ address }) => operatorOf(ghost, address).exiting > 0n);
    return this.dice.pick(exiting.length > 0 ? exiting : this.cast.operators);
  }

  private operatorOrKey() {
    if (this.dice.chance(0.4)) return this.dice.pick(this.cast.keys);
    const account = this.dice.pick(this.cast.operators);
    return { account, address: account.address };
  }

  private ownerOrStranger() {
    return this.dice.chance(0.9) ? this.cast.owner : this.cast.stranger;
  }

  private as(caller: Parameters<Campaign["world"]["coordinator"]["connect"]>[0]) {
    return this.campaign.world.coordinator.connect(caller);
  }
}
