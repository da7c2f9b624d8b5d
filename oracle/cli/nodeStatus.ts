/** What the node itself says: the running one over HTTP, or what it left behind. */
import { z } from "zod";
import type { Config } from "../config/schema.ts";
import type { Tools } from "./ports.ts";

export interface NodeStatus {
  readonly state: "running" | "running, not ready" | "running, does not answer" | "not running" | "never started";
  readonly jobs?: Readonly<Record<string, number>>;
  /** The last block that was read. */
  readonly block?: number;
  /** Of a running node, the newest first. */
  readonly alarms?: readonly { kind: string; modelId: string; message: string; atMs: number }[];
}

const LIMIT_MS = 3_000;

/** The part of /status that is shown. */
const statusSchema = z.object({
  ready: z.boolean(),
  jobs: z.record(z.string(), z.number()),
  block: z.number().optional(),
  alarms: z
    .array(z.object({ kind: z.string(), modelId: z.string(), message: z.string(), atMs: z.number() }))
    .default([]),
});

/** Asks the node of this configuration; one that serves on any free port cannot be found. */
export async function nodeStatus(tools: Tools, config: Config): Promise<NodeStatus> {
  const running = await ask(config);
  if (running !== undefined) return running;
  const stored = await tools.storeSummary(config);
  if (stored === "none") return { state: "never started" };
  if (stored === "in use") return { state: "running, does not answer" };
  const { jobs, block } = stored;
  return { state: "not running", jobs, ...(block !== undefined && { block }) };
}

async function ask({ http }: Config): Promise<NodeStatus | undefined> {
  const host = http.host.includes(":") ? `[${http.host}]` : http.host;
  try {
    const response = await fetch(`http://${host}:${http.port}/status`, { signal: AbortSignal.timeout(LIMIT_MS) });
    const { ready, jobs, block, alarms } = statusSchema.parse(await response.json());
    return { state: ready ? "running" : "running, not ready", jobs, alarms, ...(block !== undefined && { block }) };
  } catch {
    // Nobody there, or somebody else's server: either way no node that could be asked.
    return undefined;
  }
}
