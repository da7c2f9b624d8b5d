/** Child processes of one kind, as many as may run at once: a job waits for one that is free. */
import { ExecutionError, type RunLimits } from "../roles/ports.ts";
import { RuntimeProcess } from "./childProcess.ts";
import type { Job, Result } from "./messages.ts";

export interface PoolOptions {
  /** How many jobs run at once, each in a process of its own with one thread. */
  readonly processes: number;
  /** Models that one process keeps loaded. */
  readonly maxModels: number;
}

const BYTES_PER_MB = 1_000_000;

/**
 * The memory limit is on the resident memory of one process, Node's own share included. A deadline counts from the moment
 * a process takes the job: waiting for one, or for its start, is not the model's fault.
 */
export class ProcessPool {
  readonly #script: URL;
  readonly #options: PoolOptions;
  readonly #processes = new Set<RuntimeProcess>();
  readonly #idle: RuntimeProcess[] = [];
  readonly #waiting: PromiseWithResolvers<RuntimeProcess>[] = [];
  #isClosed = false;

  /** @param script what the processes run */
  constructor(script: URL, options: PoolOptions) {
    this.#script = script;
    this.#options = options;
  }

  /** Whether a process is at work. */
  get isBusy(): boolean {
    return this.#processes.size > this.#idle.length;
  }

  /** Of the processes that exist now, busy or idle. */
  get pids(): number[] {
    return [...this.#processes].flatMap(({ pid }) => pid ?? []);
  }

  /** Ends all processes. What runs or waits fails with "crashed". */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const waiter of this.#waiting.splice(0)) waiter.reject(closed());
    await Promise.all([...this.#processes].map((process) => process.close()));
    this.#processes.clear();
    this.#idle.length = 0;
  }

  /** @throws ExecutionError */
  async execute(job: Omit<Job, "memoryLimitBytes">, limits: RunLimits): Promise<Result> {
    const process = await this.#acquire();
    try {
      return await process.run({ ...job, memoryLimitBytes: limits.memoryMb * BYTES_PER_MB }, limits.deadlineMs);
    } finally {
      this.#release(process);
    }
  }

  async #acquire(): Promise<RuntimeProcess> {
    if (this.#isClosed) throw closed();
    const idle = this.#takeIdle();
    if (idle !== undefined) return idle;
    if (this.#processes.size < this.#options.processes) return this.#start();
    const waiter = Promise.withResolvers<RuntimeProcess>();
    this.#waiting.push(waiter);
    return await waiter.promise;
  }

  /** An idle process can have died since it was last used. */
  #takeIdle(): RuntimeProcess | undefined {
    let process = this.#idle.pop();
    while (process !== undefined && !process.isAlive) {
      this.#processes.delete(process);
      process = this.#idle.pop();
    }
    return process;
  }

  #release(process: RuntimeProcess): void {
    if (this.#isClosed) return;
    if (!process.isAlive) this.#processes.delete(process);
    const waiter = this.#waiting.shift();
    if (waiter !== undefined) waiter.resolve(process.isAlive ? process : this.#start());
    else if (process.isAlive) this.#idle.push(process);
  }

  #start(): RuntimeProcess {
    const process = new RuntimeProcess(this.#script, this.#options.maxModels);
    this.#processes.add(process);
    return process;
  }
}

const closed = () => new ExecutionError("crashed", "the runtime is closed");
