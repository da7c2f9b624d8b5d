/** Several things in one transaction, as many as fit, without the one that would revert it. */
import { type Call, type Chain, type Outbox, RevertError } from "./ports.ts";

export interface Batch<T> {
  readonly build: (items: readonly T[]) => Call;
  readonly keyOf: (item: T) => string;
  /** Gas of the callbacks that the item makes the coordinator call. */
  readonly callbackGas: (item: T) => bigint;
  /** Stores that the items are under way, before the transaction is. */
  readonly begin: (items: readonly T[]) => Promise<void>;
  /** An item that reverts on its own. */
  readonly refuse: (item: T, error: RevertError) => Promise<void>;
}

/** Pools refuse transactions above 128 KiB; the signature and the envelope need some of it. */
const MAX_CALLDATA_BYTES = 120_000;
/** Estimates are exact for the state of now; another's transaction may come first. */
const HEADROOM_PERCENT = 125n;

/** Groups of at most `max` items, but for those that must go alone: one of them reverted a transaction it shared. */
export function groups<T extends { readonly isAlone: boolean }>(items: readonly T[], max: number): readonly T[][] {
  const alone = items.filter(({ isAlone }) => isAlone).map((item) => [item]);
  const rest = items.filter(({ isAlone }) => !isAlone);
  const shared = Array.from({ length: Math.ceil(rest.length / max) }, (_, i) => rest.slice(i * max, (i + 1) * max));
  return [...shared, ...alone];
}

export async function submitBatch<T>(
  items: readonly T[],
  batch: Batch<T>,
  { chain, outbox }: { chain: Pick<Chain, "estimateGas">; outbox: Outbox },
): Promise<void> {
  const [first] = items;
  if (first === undefined) return;
  const call = batch.build(items);
  const callbackGas = items.reduce((sum, item) => sum + batch.callbackGas(item), 0n);
  const refusal = await gasOrRevert(call, callbackGas, items.length > 1, { chain, outbox });
  if (typeof refusal === "bigint") {
    await batch.begin(items);
    await outbox.submit(items.map(batch.keyOf), call, refusal);
    return;
  }
  if (items.length === 1) return batch.refuse(first, refusal);
  const half = Math.ceil(items.length / 2);
  await submitBatch(items.slice(0, half), batch, { chain, outbox });
  await submitBatch(items.slice(half), batch, { chain, outbox });
}

/**
 * An estimate runs the callbacks, and a consumer can tell it from a transaction (by a gas price of 0, for one): cheap
 * here, it may burn all the gas it bought there. So that gas is added, with the 64th that EIP-150 holds back.
 */
async function gasOrRevert(
  call: Call,
  callbackGas: bigint,
  isDivisible: boolean,
  { chain, outbox }: { chain: Pick<Chain, "estimateGas">; outbox: Outbox },
): Promise<bigint | RevertError> {
  if ((call.data.length - 2) / 2 > MAX_CALLDATA_BYTES)
    return new RevertError("TransactionTooLarge", [call.data.length]);
  try {
    const gas = await chain.estimateGas(call);
    const bought = (callbackGas * 64n) / 63n;
    if (gas > outbox.maxGas || (isDivisible && gas + bought > outbox.maxGas)) {
      return new RevertError("TooMuchGas", [gas + bought]);
    }
    const roomy = (gas * HEADROOM_PERCENT) / 100n + bought;
    return roomy > outbox.maxGas ? outbox.maxGas : roomy;
  } catch (error) {
    if (error instanceof RevertError) return error;
    throw error;
  }
}
