/** Where the demo plays, and who plays. */
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { JsonRpcSigner } from "ethers";
import type { AssayProcess, LocalChain, Workspace } from "../../test/assay.ts";
import type { InferenceCoordinator } from "../../types/index.ts";
import type { Story } from "./story.ts";

/** Enough for a watcher on a busy machine. */
export const WINDOW_S = 10;
export const MODELS = fileURLToPath(new URL("../../models", import.meta.url));
/** For what takes a fraction of a second on an idle machine. */
const WAIT_MS = 30_000;

/** What is running, for whoever has to end it. */
export interface Running {
  chain?: LocalChain;
  workspace?: Workspace;
  node?: AssayProcess;
  /** Ends what runs in this process. */
  liar?: { stop(): Promise<void> };
}

export interface Scene {
  readonly story: Story;
  readonly running: Running;
  readonly chain: LocalChain;
  readonly coordinator: InferenceCoordinator;
  /** Owns the model. */
  readonly owner: JsonRpcSigner;
  /** Has the pool and trades in it. */
  readonly trader: JsonRpcSigner;
  /** Asks for the pool's fee. */
  readonly anyone: JsonRpcSigner;
}

/** Asks until there is something; fails at once if the operator's process ends. */
export async function until<T>(
  { running }: Pick<Scene, "running">,
  what: string,
  find: () => Promise<T | undefined>,
): Promise<T> {
  const deadlineMs = performance.now() + WAIT_MS;
  while (performance.now() < deadlineMs) {
    const found = await find();
    if (found !== undefined) return found;
    if (running.node?.child.exitCode !== null || running.node.child.signalCode !== null) {
      throw new Error(`the operator's process ended while the demo waited for ${what}`);
    }
    await sleep(50);
  }
  throw new Error(`waited ${WAIT_MS / 1000} s for ${what}`);
}
