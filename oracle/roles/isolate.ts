/** One job must not keep the others from going on, whatever is wrong with it. */
import { type Job, type JobStore, StoreError } from "../store/port.ts";
import type { Moment } from "./moment.ts";
import { type Logger, RpcError } from "./ports.ts";

const SET_ASIDE_MS = 60_000;

/**
 * Does something for a job. What fails is logged and the job left alone for a minute; undefined then.
 * @throws RpcError, StoreError which are nobody's fault in particular
 */
export async function isolate<T>(
  job: Job,
  { nowMs }: Moment,
  { store, logger }: { store: JobStore; logger: Logger },
  body: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof RpcError || error instanceof StoreError) throw error;
    logger.error({ requestId: job.requestId, state: job.state, error }, "job set aside");
    await store.change(job, { state: job.state, notBeforeMs: nowMs + SET_ASIDE_MS });
    return undefined;
  }
}
