/** One child process as its parent sees it. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ExecutionError } from "../roles/ports.ts";
import { type ChildOptions, type Job, MEMORY_SIGNAL, READY, type Reply, type Result } from "./messages.ts";

/** How much of the end of its error output explains a crash. */
const STDERR_TAIL_BYTES = 2_000;
/** For a machine that is busy; an idle one takes a fraction of a second. */
const START_LIMIT_MS = 60_000;

export class RuntimeProcess {
  readonly #child: ChildProcess;
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  #stderr = "";
  #isAlive = true;
  /** Why the parent killed it. */
  #killedFor: ExecutionError | undefined;
  #job: (PromiseWithResolvers<Result> & { readonly memoryLimitBytes: number }) | undefined;

  /** @param script what it runs */
  constructor(script: URL, maxModels: number) {
    const options: ChildOptions = { parentPid: process.pid, maxModels };
    this.#child = fork(fileURLToPath(script), [JSON.stringify(options)], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      // Neither the parent's flags (a debugger, a test's loader) nor its secrets: models are other people's.
      execArgv: [],
      env: {},
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_TAIL_BYTES);
    });
    this.#child.on("message", (message: Reply | typeof READY) => {
      if (message === READY) this.#ready.resolve();
      else this.#onReply(message);
    });
    this.#child.on("error", (cause) => this.#onEnd(new ExecutionError("crashed", cause.message, { cause })));
    // "close" and not "exit": by then the error output is complete.
    this.#child.on("close", (code, signal) => {
      this.#onEnd(this.#killedFor ?? this.#diagnose(code, signal));
      this.#ended.resolve();
    });
  }

  /** False once it is dead or dying. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Runs a job; the caller starts one at a time. The time that the process takes to start does not count.
   * @throws ExecutionError; after all failures but "model" the process is not alive
   */
  async run(job: Job, timeoutMs: number): Promise<Result> {
    const result = Promise.withResolvers<Result>();
    this.#job = { ...result, memoryLimitBytes: job.memoryLimitBytes };
    await this.#within(START_LIMIT_MS, Promise.race([this.#ready.promise, result.promise]));
    this.#child.send(job, (error) => {
      if (error !== null) this.#kill(new ExecutionError("crashed", error.message, { cause: error }));
    });
    return await this.#within(timeoutMs, result.promise);
  }

  async #within<T>(limitMs: number, done: Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.#kill(new ExecutionError("timeout", `killed after ${limitMs} ms`)), limitMs);
    try {
      return await done;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Kills it, a running job included, and waits until it is gone. */
  async close(): Promise<void> {
    this.#kill(new ExecutionError("crashed", "the runtime was closed"));
    await this.#ended.promise;
  }

  #kill(reason: ExecutionError): void {
    this.#killedFor ??= reason;
    this.#isAlive = false;
    this.#child.kill("SIGKILL");
  }

  #onReply(reply: Reply): void {
    if ("outputs" in reply) this.#job?.resolve(reply);
    else this.#job?.reject(new ExecutionError(reply.failure, reply.message));
  }

  #onEnd(error: ExecutionError): void {
    this.#isAlive = false;
    this.#job?.reject(error);
  }

  #diagnose(code: number | null, signal: NodeJS.Signals | null): ExecutionError {
    if (signal === MEMORY_SIGNAL) {
      return new ExecutionError("outOfMemory", `killed above ${this.#job?.memoryLimitBytes} bytes of memory`);
    }
    const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
    const stderr = this.#stderr.trim();
    return new ExecutionError("crashed", `the process ${how}${stderr === "" ? "" : `: ${stderr}`}`);
  }
}
