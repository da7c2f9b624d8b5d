/** What the runtimes and their child processes say to each other. */
import type { ExecutionFailure, Judgement, Plan, Position, RunnableModel } from "../roles/ports.ts";
import type { Hex } from "../vm/keccak.ts";

/** `inputs` are the packed tensors in order; without them the model is only loaded, and without a model nothing is done. */
export interface Job {
  readonly model?: RunnableModel;
  readonly inputs?: readonly Uint8Array[];
  /** Of the canonical engine, about the run: it is answered instead of the outputs. */
  readonly question?: Question;
  readonly memoryLimitBytes: number;
}

/** The packed outputs in order; none if the model was only loaded. */
export interface Result {
  readonly outputs: readonly Uint8Array[];
  /** Of a canonical run. */
  readonly traceRoot?: Hex;
  readonly judgement?: Judgement;
  readonly plan?: Plan;
}

export type Question =
  | { readonly kind: "judge"; readonly output: Uint8Array; readonly traceRoot: Hex }
  | { readonly kind: "play"; readonly position: Position };

/** A result, or why there is none. */
export type Reply = Result | { readonly failure: ExecutionFailure; readonly message: string };

/** The first message of a child process: it takes jobs. */
export const READY = "ready";

/** A child process gets these `JSON.stringify`ed as its only argument. */
export interface ChildOptions {
  readonly parentPid: number;
  /** Models that it keeps loaded. */
  readonly maxModels: number;
}

/**
 * The signal by which a child process ends itself at its memory limit, so that the parent learns the reason from the
 * exit status alone. Node handles SIGUSR1 and leaves this one to its default action, which is to terminate.
 */
export const MEMORY_SIGNAL = "SIGUSR2";
