/**
 * Places at which a test kills the process, to show that a crash there loses nothing: before and after every write to
 * the store and every transaction sent. Armed by the environment variable ASSAY_FAILPOINT alone, never by configuration.
 */

const STEPS = [
  // Every write to the store; `job.STATE` and `verdict.VERDICT` are the change to that.
  "store.bind",
  "cursor.advance",
  "cursor.rewind",
  "job.computing",
  "job.computed",
  "job.asserting",
  "job.asserted",
  "job.finalising",
  "job.delivering",
  "job.done",
  "job.skipped",
  "job.failed",
  "job.expired",
  "job.dropped",
  "job.seen",
  "watch.scope",
  "verdict.unchecked",
  "verdict.right",
  "verdict.wrong",
  "verdict.unverifiable",
  "tx.enqueue",
  "tx.sign",
  "tx.cancel",
  "tx.finish",
  "tx.requeue",
  "tx.reopen",
  // Not a write: the transaction goes out.
  "tx.send",
] as const;

export type Step = (typeof STEPS)[number];
export type Failpoint = `${Step}:${"before" | "after"}`;

/** Every failpoint, in no particular order. */
export const FAILPOINTS: readonly Failpoint[] = STEPS.flatMap((step) => [`${step}:before`, `${step}:after`] as const);

const armed = process.env.ASSAY_FAILPOINT;

if (armed !== undefined && !FAILPOINTS.some((point) => point === armed)) {
  throw new Error(`ASSAY_FAILPOINT: there is no failpoint "${armed}"; there are ${FAILPOINTS.join(", ")}`);
}

/** Kills the process with SIGKILL if this failpoint is the armed one. */
export function failpoint(point: Failpoint): void {
  if (point === armed) process.kill(process.pid, "SIGKILL");
}
