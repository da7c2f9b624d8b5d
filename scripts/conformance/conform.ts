/**
 * Checks the cases of folders in a process apart, one folder at a time: a file that exhausts its memory or never ends costs that
 * process, which is started again, and is a failed case.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { modelFolders } from "./cases.ts";
import { failure, type Outcome, type Result } from "./check.ts";

const MAX_FOLDER_MS = 600_000;

/** The results of all cases below the folders, in order. */
export async function* conform(roots: readonly string[]): AsyncGenerator<Result> {
  let worker: ChildProcess | undefined;
  try {
    for (const folder of modelFolders(roots)) {
      worker ??= fork(new URL("worker.ts", import.meta.url));
      try {
        yield* await ask(worker, folder);
      } catch (error) {
        worker.kill("SIGKILL");
        worker = undefined;
        yield { name: folder, ...failure(error) };
      }
    }
  } finally {
    worker?.kill();
  }
}

/** Throws an Error if the process ends or takes too long instead of answering. */
async function ask(worker: ChildProcess, folder: string): Promise<Result[]> {
  const settled = new AbortController();
  const { signal } = settled;
  const answer = once(worker, "message", { signal }).then(([results]) => results as Result[]);
  const end = once(worker, "exit", { signal }).then(([code, by]) => {
    throw new Error(`the process that checked it ended with ${by ?? `exit code ${code}`}`);
  });
  const limit = AbortSignal.timeout(MAX_FOLDER_MS);
  const late = once(limit, "abort", { signal }).then(() => {
    throw new Error(`it took more than ${MAX_FOLDER_MS / 1000} s`);
  });
  try {
    worker.send(folder);
    return await Promise.race([answer, end, late]);
  } finally {
    settled.abort();
    await Promise.allSettled([answer, end, late]);
  }
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly unsupported: number;
}

export function countOf(outcomes: readonly Outcome[]): Counts {
  const count = (status: Outcome["status"]) => outcomes.filter((outcome) => outcome.status === status).length;
  return { passed: count("passed"), failed: count("failed"), unsupported: count("unsupported") };
}
