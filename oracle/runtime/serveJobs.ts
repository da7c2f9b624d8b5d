/**
 * A child process's side: one job at a time, asked and answered over IPC. The process is made to be killed: a run blocks
 * it, cannot be interrupted otherwise, and may take the process down.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { ExecutionError } from "../roles/ports.ts";
import { type ChildOptions, type Job, READY, type Reply, type Result } from "./messages.ts";

/** @param start makes what does the jobs */
export async function serveJobs(
  start: (options: ChildOptions) => (job: Job) => Result | Promise<Result>,
): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? "") as ChildOptions;
  const execute = start(options);

  // A terminal and a service manager signal the whole group; the parent decides when its children end.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => undefined);
  process.on("disconnect", () => process.exit(0));

  const watchdog = new Worker(new URL("./watchdog.ts", import.meta.url), { workerData: options });
  await once(watchdog, "online");

  process.on("message", async (job: Job) => {
    watchdog.postMessage(job.memoryLimitBytes);
    process.send?.(await answer(job, execute));
  });
  process.send?.(READY);
}

async function answer(job: Job, execute: (job: Job) => Result | Promise<Result>): Promise<Reply> {
  try {
    return await execute(job);
  } catch (error) {
    if (!(error instanceof ExecutionError)) throw error;
    return { failure: error.failure, message: error.message };
  }
}
