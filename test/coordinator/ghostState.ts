// What the coordinator should hold, kept a second time in plain TypeScript: the ledger that the campaign compares with.
import type { Assignment, Model, Offer, Policy, RequestState } from "../../oracle/chain/words.ts";
import type { PARAMETERS, Request } from "./world.ts";

export interface OperatorGhost {
  stake: bigint;
  locked: bigint;
  earnings: bigint;
  live: boolean;
  slashed: boolean;
  exiting: bigint;
  exitAt: bigint;
}

export interface KeyGhost {
  readonly operator: string;
  /** 0: current */
  retiredAt: bigint;
}

export interface AssertionGhost {
  readonly assertionId: string;
  readonly outputRoot: string;
  readonly bond: bigint;
  readonly finalisableAt: bigint;
  live: boolean;
  held: boolean;
  delivered: boolean;
}

export interface RequestGhost {
  readonly id: string;
  readonly request: Request;
  readonly policy: Policy;
  readonly model: Model;
  readonly assignment: Assignment;
  readonly state: Omit<RequestState, "commitment">;
  /** By operator; the one that became final is gone. */
  readonly assertions: Map<string, AssertionGhost>;
  takeover: { operator: string; until: bigint } | undefined;
  finalRoot: string | undefined;
  /** How often its fee was paid out or refunded. */
  closed: number;
}

export interface Ghost {
  readonly parameters: typeof PARAMETERS;
  readonly chainId: bigint;
  readonly coordinator: string;
  readonly operators: Map<string, OperatorGhost>;
  readonly keys: Map<string, KeyGhost>;
  readonly models: Map<string, Model>;
  /** By model, in the order of the list. */
  readonly offers: Map<string, Offer[]>;
  readonly requests: Map<string, RequestGhost>;
  /** What is owed to accounts beside operators' earnings. */
  readonly balances: Map<string, bigint>;
  /** Requesters whose callbacks fail. */
  readonly failing: Set<string>;
  /** Ether that came in and went out. */
  received: bigint;
  sent: bigint;
  burned: bigint;
}

/** Where a call happens. */
export interface Block {
  readonly now: bigint;
  readonly number: bigint;
  readonly prevrandao: bigint;
}

/** The call must revert with this custom error. */
export class Refused extends Error {
  readonly error: string;

  constructor(error: string) {
    super(error);
    this.name = "Refused";
    this.error = error;
  }
}

export function refuseIf(condition: boolean, error: string): void {
  if (condition) throw new Refused(error);
}

export function newGhost(parameters: typeof PARAMETERS, chainId: bigint, coordinator: string): Ghost {
  return {
    parameters,
    chainId,
    coordinator,
    operators: new Map(),
    keys: new Map(),
    models: new Map(),
    offers: new Map(),
    requests: new Map(),
    balances: new Map(),
    failing: new Set(),
    received: 0n,
    sent: 0n,
    burned: 0n,
  };
}

export function operatorOf(ghost: Ghost, address: string): OperatorGhost {
  const known = ghost.operators.get(address);
  if (known !== undefined) return known;
  const fresh = { stake: 0n, locked: 0n, earnings: 0n, live: false, slashed: false, exiting: 0n, exitAt: 0n };
  ghost.operators.set(address, fresh);
  return fresh;
}

export function credit(ghost: Ghost, account: string, amount: bigint): void {
  ghost.balances.set(account, (ghost.balances.get(account) ?? 0n) + amount);
}

export function owedTo(ghost: Ghost, account: string): bigint {
  return (ghost.balances.get(account) ?? 0n) + (ghost.operators.get(account)?.earnings ?? 0n);
}

/** Free stake first, then exiting stake; what is taken is nobody's until it is credited. */
export function takeStake(ghost: Ghost, address: string, amount: bigint): bigint {
  const operator = operatorOf(ghost, address);
  const fromFree = min(amount, operator.stake - operator.locked);
  const fromExit = min(amount - fromFree, operator.exiting);
  operator.stake -= fromFree;
  operator.exiting -= fromExit;
  return fromFree + fromExit;
}

export function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
