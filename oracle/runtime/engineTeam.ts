/** The canonical engine on several threads. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { Executor } from "../vm/engine/executor.ts";
import { compileProgram, type ProgramCode } from "../vm/engine/programCode.ts";
import { Team } from "../vm/engine/team.ts";
import type { KernelLeaf } from "../vm/kernelTree.ts";
import type { WasmMemory } from "../vm/webAssembly.ts";

/** What a thread is given. */
export interface MemberData {
  readonly code: ProgramCode;
  readonly memory: WasmMemory;
  readonly member: number;
  readonly members: number;
  readonly meetings: SharedArrayBuffer;
}

export interface EngineTeam {
  /** Runs block the calling thread, which is one of the team. */
  readonly executor: Executor;
  /** Ends the other threads. Not to be called during a run. */
  stop(): Promise<void>;
}

/**
 * Starts a program on `members` threads, the calling one among them.
 * @throws MemoryTooLargeError for a program that does not fit 32-bit addresses
 */
export async function startTeam(
  kernels: readonly KernelLeaf[],
  weights: Uint8Array,
  inputBytes: number,
  members: number,
): Promise<EngineTeam> {
  const code = compileProgram(kernels, { weightBytes: weights.length, inputBytes }, { isShared: true });
  const memory = Executor.memoryFor(code);
  const meetings = Team.buffer();
  const workers = await Promise.all(
    Array.from({ length: members - 1 }, async (_, i) => {
      const workerData: MemberData = { code, memory, member: i + 1, members, meetings };
      const worker = new Worker(new URL("./engineMember.ts", import.meta.url), { workerData, execArgv: [], env: {} });
      // It is loaded before this thread waits for it in a meeting, where nothing else can be done.
      await once(worker, "message");
      return worker;
    }),
  );
  const team = new Team(0, members, meetings);
  const executor = new Executor(kernels, weights, inputBytes, { code, memory, team });
  return {
    executor,
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
