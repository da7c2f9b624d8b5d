/** Several things in one transaction, as many as fit, without the one that would revert it. */
import { type Call, type Chain, type Outbox, RevertError } from "./ports.ts";

export interface Batch<T> {
  readonly build: (items: readonly T[]) => Call;
  readonly keyOf: (item: T) => string;
  /** Stores that the items are under way, before the transaction is. */
  readonly begin: (items: readonly T[]) => Promise<void>;
  /** An item that reverts on its own. */
  readonly refuse: (item: T, error: RevertError) => Promise<void>;
}

/** Pools refuse transactions above 128 KiB; the signature and the envelope need some of it. */
const MAX_CALLDATA_BYTES = 120_000;
/** Estimates are exact for the state of now; another's transaction may come first. */
const HEADROOM_PERCENT = 125n;

export async function submitBatch<T>(
  items: readonly T[],
  batch: Batch<T>,
  { chain, outbox }: { chain: Pick<Chain, "estimateGas">; outbox: Outbox },
): Promise<void> {
  const [first] = items;
  if (first === undefined) return;
  const call = batch.build(items);
  const refusal = await gasOrRevert(call, { chain, outbox });
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

async function gasOrRevert(
  call: Call,
  { chain, outbox }: { chain: Pick<Chain, "estimateGas">; outbox: Outbox },
): Promise<bigint | RevertError> {
  if ((call.data.length - 2) / 2 > MAX_CALLDATA_BYTES)
    return new RevertError("TransactionTooLarge", [call.data.length]);
  try {
    const gas = await chain.estimateGas(call);
    if (gas > outbox.maxGas) return new RevertError("TooMuchGas", [gas]);
    const roomy = (gas * HEADROOM_PERCENT) / 100n;
    return roomy > outbox.maxGas ? outbox.maxGas : roomy;
  } catch (error) {
    if (error instanceof RevertError) return error;
    throw error;
  }
}
