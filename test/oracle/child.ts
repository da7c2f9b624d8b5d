/** A node in a process of its own, which a test watches by its log. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Failpoint } from "../../oracle/failpoint.ts";
import type { ProcessSettings } from "./operatorMain.ts";

const main = fileURLToPath(new URL("./operatorMain.ts", import.meta.url));

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export class NodeProcess {
  /** The signal that ended the process; null: it ended by itself. */
  readonly ended: Promise<NodeJS.Signals | null>;
  readonly #process: ChildProcess;
  readonly #lines: LogLine[] = [];
  #onLine: () => void = () => undefined;

  constructor(settings: ProcessSettings, failpoint?: Failpoint) {
    const failing = failpoint === undefined ? {} : { ASSAY_FAILPOINT: failpoint };
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main], {
      env: { ...process.env, ...failing, ASSAY_TEST_NODE: JSON.stringify(settings) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#process = child;
    this.ended = new Promise((resolve) => {
      child.once("close", (_code, signal) => {
        resolve(signal);
        this.#onLine();
      });
    });
    createInterface(child.stdout).on("line", (text) => {
      this.#lines.push(JSON.parse(text));
      this.#onLine();
    });
  }

  /** The first line, past or to come, with this message. Rejects if the process ends without it. */
  async line(message: string, isWanted: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    for (;;) {
      const found = this.#lines.find((line) => line.msg === message && isWanted(line));
      if (found !== undefined) return found;
      const { exitCode, signalCode } = this.#process;
      if (exitCode !== null || signalCode !== null) throw new Error(`the node ended without saying "${message}"`);
      await new Promise<void>((resolve) => {
        this.#onLine = resolve;
      });
    }
  }

  /** The last line with this message. */
  last(message: string): LogLine | undefined {
    return this.#lines.findLast(({ msg }) => msg === message);
  }

  stop(): Promise<unknown> {
    this.#process.kill("SIGTERM");
    return this.ended;
  }

  kill(): Promise<unknown> {
    this.#process.kill("SIGKILL");
    return this.ended;
  }
}
