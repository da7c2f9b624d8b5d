/** What the operator knows at the beginning of a tick. */
import type { Address, Block, Chain, Clock, OperatorView } from "./ports.ts";

export interface Moment {
  readonly head: Block;
  /** Unix milliseconds of the chain's clock, which decides about windows and deadlines. */
  readonly nowMs: number;
  readonly nowS: number;
  readonly own: OperatorView;
  readonly gasPriceWei: bigint;
}

export async function observe(chain: Chain, clock: Clock, operator: Address): Promise<Moment> {
  const [head, own, gasPriceWei] = await Promise.all([chain.head(), chain.operator(operator), chain.gasPriceWei()]);
  // The next block comes after the last one, and not before now: where blocks come on demand only our clock goes on.
  const nowMs = Math.max(head.timestamp * 1000, clock.nowMs());
  return { head, nowMs, nowS: Math.floor(nowMs / 1000), own, gasPriceWei };
}
