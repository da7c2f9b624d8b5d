// Where the blocks of one Markdown file run: a temporary folder that looks like the clone (a link to each of its
// entries), so that commands work as written and what they create is thrown away.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";

const ROOT = resolve(import.meta.dirname, "../..");
const DEFAULT_RPC = "127.0.0.1:8545";

/** How long a background command may take to print what is waited for, and to end when asked. */
const START_MS = 60_000;
const STOP_MS = 10_000;

export class Workspace {
  readonly #folder = mkdtempSync(join(tmpdir(), "assay-docs-"));
  readonly #background: ChildProcess[] = [];
  #rpc = DEFAULT_RPC;

  constructor() {
    for (const entry of readdirSync(ROOT)) {
      if (!entry.startsWith(".")) symlinkSync(join(ROOT, entry), join(this.#folder, entry));
    }
  }

  write(name: string, code: string): void {
    writeFileSync(join(this.#folder, name), this.#onChain(code));
  }

  /** Runs a program to its end; rejects with its output if that is not exit code 0. */
  async run(command: string, args: string[]): Promise<void> {
    const child = this.#spawn(command, args);
    const output = collect(child);
    const code = await exitCode(child);
    if (code !== 0) throw new Error(`exit code ${code}\n${output()}`);
  }

  shell(code: string): Promise<void> {
    return this.run("bash", ["-euo", "pipefail", "-c", this.#onChain(code)]);
  }

  /** Starts a shell script and returns once it has printed `text`. */
  async start(code: string, text: string): Promise<void> {
    const child = this.#spawn("bash", ["-euo", "pipefail", "-c", this.#onChain(code)]);
    this.#background.push(child);
    const output = collect(child);
    await new Promise<void>((done, fail) => {
      const timer = setTimeout(() => fail(new Error(`"${text}" was not printed\n${output()}`)), START_MS);
      const check = () => output().includes(text) && done();
      child.stdout?.on("data", check);
      child.stderr?.on("data", check);
      child.on("close", (exit) => fail(new Error(`ended with exit code ${exit} before "${text}"\n${output()}`)));
      child.on("close", () => clearTimeout(timer));
    });
  }

  async startChain(): Promise<void> {
    const port = await freePort();
    await this.start(`hardhat node --port ${port}`, "Started HTTP");
    this.#rpc = `127.0.0.1:${port}`;
  }

  async close(): Promise<void> {
    await Promise.all(this.#background.map(stop));
    rmSync(this.#folder, { recursive: true });
  }

  #onChain(code: string): string {
    return code.replaceAll(DEFAULT_RPC, this.#rpc);
  }

  #spawn(command: string, args: string[]): ChildProcess {
    // A group of its own, so that what a script starts ends with it.
    return spawn(command, args, { cwd: this.#folder, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  }
}

function collect(child: ChildProcess): () => string {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output += chunk));
  return () => stripVTControlCharacters(output);
}

function exitCode(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((done, fail) => child.on("error", fail).on("close", done));
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const group = -child.pid;
  process.kill(group, "SIGTERM");
  const timer = setTimeout(() => process.kill(group, "SIGKILL"), STOP_MS);
  await exitCode(child);
  clearTimeout(timer);
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((done, fail) => {
    server.on("error", fail).listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => done(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
