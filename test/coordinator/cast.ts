// Who acts in a campaign.
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { computeAddress, id as hashOf, type Signer, SigningKey, Wallet } from "ethers";
import type { HostileConsumer } from "../../types/index.ts";
import type { Dice } from "./dice.ts";
import type { Ghost } from "./ghostState.ts";
import type { World } from "./world.ts";

/** More than a campaign reaches for, so that retired keys leave room. */
const KEYS_IN_REACH = 12;
const KEY_FUNDS = 10n ** 20n;
/** HostileConsumer's modes, in its order. */
const MODES = ["accept", "revert", "burnGas", "revertWithBomb", "returnBomb", "reenter"] as const;
const FAILING: readonly (typeof MODES)[number][] = ["revert", "burnGas", "revertWithBomb"];

export interface Key {
  readonly address: string;
  readonly signingKey: SigningKey;
  /** To act for its operator. */
  readonly account: Signer;
}

export interface Consumer {
  readonly address: string;
  readonly contract: HostileConsumer;
}

export class Cast {
  readonly operators: readonly HardhatEthersSigner[];
  readonly requesters: readonly HardhatEthersSigner[];
  readonly owner: HardhatEthersSigner;
  readonly stranger: HardhatEthersSigner;
  readonly consumers: readonly Consumer[];
  /** Consumers that take no ether. */
  readonly refusingEther = new Set<string>();
  private readonly world: World;
  private readonly reach: Key[] = [];
  private keysMade = 0;

  private constructor(world: World, consumers: readonly Consumer[]) {
    this.world = world;
    this.consumers = consumers;
    this.operators = [1, 2, 3, 4].map((index) => world.signer(index));
    this.requesters = [5, 6].map((index) => world.signer(index));
    this.owner = world.signer(7);
    this.stranger = world.signer(8);
  }

  static async of(world: World): Promise<Cast> {
    const { ethers } = world.connection;
    const consumers: Consumer[] = [];
    for (let i = 0; i < 2; i++) {
      const contract = await ethers.deployContract("HostileConsumer", [world.address]);
      consumers.push({ address: await contract.getAddress(), contract });
    }
    const cast = new Cast(world, consumers);
    for (let i = 0; i < KEYS_IN_REACH; i++) await cast.makeKey();
    return cast;
  }

  /** Everybody who can be owed something. */
  get accounts(): string[] {
    const signers = [...this.operators, ...this.requesters, this.owner, this.stranger];
    return [...signers.map(({ address }) => address), ...this.consumers.map(({ address }) => address)];
  }

  get keys(): readonly Key[] {
    return this.reach;
  }

  /** A key that nobody has yet; the oldest one is out of reach from now on. */
  async makeKey(): Promise<Key> {
    const signingKey = new SigningKey(hashOf(`campaign key ${this.keysMade++}`));
    const address = computeAddress(signingKey);
    const { ethers, networkHelpers } = this.world.connection;
    await networkHelpers.setBalance(address, KEY_FUNDS);
    const key = { address, signingKey, account: new Wallet(signingKey, ethers.provider) };
    this.reach.push(key);
    if (this.reach.length > KEYS_IN_REACH) this.reach.shift();
    return key;
  }

  /** Tells a consumer how to take callbacks and ether from now on. */
  async direct(ghost: Ghost, dice: Dice): Promise<void> {
    const { address, contract } = dice.pick(this.consumers);
    const mode = dice.chance(0.5) ? "accept" : dice.pick(MODES);
    await this.world.tick();
    if (mode === "reenter") {
      const call = this.world.coordinator.interface.encodeFunctionData("withdrawFor", [address]);
      await contract.reenterWith(this.world.address, call);
    } else {
      await contract.behave(MODES.indexOf(mode));
    }
    const refuses = dice.chance(0.3);
    await this.world.tick();
    await contract.refuseEther(refuses);
    mark(ghost.failing, address, FAILING.includes(mode));
    mark(this.refusingEther, address, refuses);
  }
}

function mark(set: Set<string>, value: string, isIn: boolean): void {
  if (isIn) set.add(value);
  else set.delete(value);
}
