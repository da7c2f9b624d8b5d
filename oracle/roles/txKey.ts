/** Jobs and their transactions: entering a state that waits for one begins a new round, and the round names it. */
import type { Job, JobChange, JobStore } from "../store/port.ts";
import type { Outbox } from "./ports.ts";

export type SendingState = "asserting" | "finalising" | "delivering";

/** The key of the transaction that a job in a sending state waits for. */
export function txKey({ requestId, round }: Job, state: SendingState): string {
  return `${requestId}/${state}/${round}`;
}

/** The key that the next transaction of the job will have. */
export function nextTxKey(job: Job, state: SendingState): string {
  return txKey({ ...job, round: job.round + 1 }, state);
}

/** Stores that the job's next transaction is about to be submitted. If it never is, the next tick notices. */
export async function beginTx(
  store: JobStore,
  job: Job,
  state: SendingState,
  change?: Pick<JobChange, "signed">,
): Promise<void> {
  const isChanged = await store.change(job, { ...change, state, round: job.round + 1 });
  if (!isChanged) throw new Error(`job ${job.requestId} changed under way`);
}

/** Milliseconds before a transaction that reverted is sent again: doubled each time, since reverting costs gas. */
export async function backOffMs(
  outbox: Pick<Outbox, "attempts">,
  { requestId }: Job,
  state: SendingState,
  retryAfterMs: number,
): Promise<number> {
  const attempts = await outbox.attempts(`${requestId}/${state}/`);
  return retryAfterMs * 2 ** Math.max(0, attempts - 1);
}
