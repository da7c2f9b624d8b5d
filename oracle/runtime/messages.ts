/** What the runtime and its child processes say to each other. */
import type { ExecutionFailure, RunnableModel } from "../roles/ports.ts";

/** `inputs` are the packed tensors in order; without them the model is only loaded, and without a model nothing is done. */
export interface Job {
  readonly model?: RunnableModel;
  readonly inputs?: readonly Uint8Array[];
  readonly memoryLimitBytes: number;
}

/** The packed outputs in order (none if the model was only loaded), or why there are none. */
export type Reply =
  | { readonly outputs: readonly Uint8Array[] }
  | { readonly failure: ExecutionFailure; readonly message: string };

/** A child process gets these `JSON.stringify`ed as its only argument. */
export interface ChildOptions {
  readonly parentPid: number;
  /** Models that it keeps loaded. */
  readonly maxSessions: number;
}

/**
 * The signal by which a child process ends itself at its memory limit, so that the parent learns the reason from the
 * exit status alone. Node handles SIGUSR1 and leaves this one to its default action, which is to terminate.
 */
export const MEMORY_SIGNAL = "SIGUSR2";
