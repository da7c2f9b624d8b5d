/** What a role knows at the beginning of a tick. */
import type { Address, Block, Chain, Clock, OperatorView } from "./ports.ts";

export interface Now {
  readonly head: Block;
  /** Unix milliseconds of the chain's clock, which decides about windows and deadlines. */
  readonly nowMs: number;
  readonly nowS: number;
  readonly gasPriceWei: bigint;
}

export interface Moment extends Now {
  readonly own: OperatorView;
}

export async function observe(chain: Pick<Chain, "head" | "gasPriceWei">, clock: Clock): Promise<Now> {
  const [head, gasPriceWei] = await Promise.all([chain.head(), chain.gasPriceWei()]);
  // The next block comes after the last one, and not before now: where blocks come on demand only our clock goes on.
  const nowMs = Math.max(head.timestamp * 1000, clock.nowMs());
  return { head, nowMs, nowS: Math.floor(nowMs / 1000), gasPriceWei };
}

export async function observeOperator(chain: Chain, clock: Clock, operator: Address): Promise<Moment> {
  const [now, own] = await Promise.all([observe(chain, clock), chain.operator(operator)]);
  return { ...now, own };
}
