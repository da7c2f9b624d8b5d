// The oracle as its users meet it: processes on the command line, and a chain behind a JSON-RPC port.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { mock } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { encryptKeystoreJson, JsonRpcProvider, type JsonRpcSigner, parseEther, Wallet } from "ethers";
import { network } from "hardhat";
import { formatManifest, type Manifest } from "../oracle/chain/manifest.ts";
import { deploy } from "../scripts/deploy.ts";
import { PRESETS } from "../scripts/deployment.ts";

const MAIN = fileURLToPath(new URL("../oracle/main.ts", import.meta.url));
const PASSWORD = "correct horse battery staple";

export interface Outcome {
  /** null: ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A started `assay` command. */
export class AssayProcess {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly #ended: Promise<Outcome>;

  constructor(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [MAIN, ...args], {
      cwd,
      env: environment(env),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.on("data", (text) => {
      this.stdout += text;
    });
    this.child.stderr?.on("data", (text) => {
      this.stderr += text;
    });
    this.#ended = new Promise((resolve, reject) => {
      this.child.on("error", reject);
      this.child.on("close", (code) => resolve({ code, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  ended(): Promise<Outcome> {
    return this.#ended;
  }

  /** Resolves with the log line that has this message. */
  async logged(message: string): Promise<Record<string, unknown>> {
    for (;;) {
      const lines = this.stdout.split("\n").filter((line) => line.startsWith("{") && line.endsWith("}"));
      const line = lines.map((text) => JSON.parse(text) as Record<string, unknown>).find(({ msg }) => msg === message);
      if (line !== undefined) return line;
      if (this.child.exitCode !== null) throw new Error(`it ended without "${message}":\n${this.stdout}${this.stderr}`);
      await sleep(50);
    }
  }
}

export interface CommandLine {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** All that a command knows of the environment of the test. */
function environment(env: CommandLine["env"]): NodeJS.ProcessEnv {
  return { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, ASSAY_KEYSTORE_PASSWORD: PASSWORD, ...env };
}

/** What an `assay` command does but for the end of its process. */
async function call(args: readonly string[], cwd: string, env: CommandLine["env"]): Promise<Outcome> {
  const { main } = await import("../oracle/main.ts");
  const { env: ownEnv, stdout, stderr } = process;
  const ownCwd = process.cwd();
  const said = { stdout: "", stderr: "" };
  const streams = [
    mock.method(stdout, "write", (text: string) => {
      said.stdout += text;
      return true;
    }),
    mock.method(stderr, "write", (text: string) => {
      said.stderr += text;
      return true;
    }),
  ];
  try {
    process.env = environment(env);
    process.chdir(cwd);
    return { code: await main(args), ...said };
  } finally {
    process.chdir(ownCwd);
    process.env = ownEnv;
    for (const stream of streams) stream.mock.restore();
  }
}

function successOf(args: readonly string[], { code, stdout, stderr }: Outcome): string {
  if (code !== 0) throw new Error(`assay ${args.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}

/** A folder for configurations and keys, and commands run in it. */
export class Workspace {
  readonly #running: AssayProcess[] = [];
  #folder: string | undefined;
  #isRemoved = false;

  /** Made at its first use. */
  get folder(): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), "assay-cli-"));
    return this.#folder;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string | Uint8Array): string {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  /** A keystore that opens at once: the real ones cost every command a second. */
  async writeKey(name: string): Promise<string> {
    const { address, privateKey } = Wallet.createRandom();
    const scrypt = { N: 2, r: 8, p: 1 };
    this.write(name, await encryptKeystoreJson({ address, privateKey }, PASSWORD, { scrypt }));
    chmodSync(this.path(name), 0o600);
    return address;
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): AssayProcess {
    // What still goes on elsewhere starts nothing that nobody would end.
    if (this.#isRemoved) throw new Error("the workspace is gone");
    const started = new AssayProcess(args, this.folder, env);
    this.#running.push(started);
    return started;
  }

  /** Runs commands, as many at a time as there are processors. */
  async runAll(commands: readonly CommandLine[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    const queue = [...commands.entries()];
    const work = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const [i, { args, env }] = next;
        outcomes[i] = await this.run(args, env);
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, work));
    return outcomes;
  }

  /** Runs commands within this process, which has loaded all that each of them would have to load. */
  async callAll(commands: readonly CommandLine[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const { args, env } of commands) outcomes.push(await call(args, this.folder, env));
    return outcomes;
  }

  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    return this.start(args, env).ended();
  }

  /** Runs a command that has to succeed; its standard output. */
  async must(...args: string[]): Promise<string> {
    return successOf(args, await this.run(args));
  }

  /** Runs a command within this process that has to succeed; its standard output. */
  async mustCall(...args: string[]): Promise<string> {
    return successOf(args, await call(args, this.folder, {}));
  }

  async remove(): Promise<void> {
    this.#isRemoved = true;
    for (const { child } of this.#running) child.kill("SIGKILL");
    await Promise.all(this.#running.map((started) => started.ended()));
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true });
  }
}

export interface LocalChain {
  readonly url: string;
  readonly manifest: Manifest;
  /** Ten thousand ether on an unlocked account. */
  readonly rich: JsonRpcSigner;
  close(): Promise<void>;
}

/**
 * A chain behind a port of its own, with a deployment of preset `local` whose window is short.
 * @param begin the time of its first block, now by default
 */
export async function startChain(windowS = 2, begin = new Date()): Promise<LocalChain> {
  const override = { initialDate: begin.toISOString() };
  const server = await network.createServer({ network: "default", override }, "127.0.0.1", 0);
  const { address, port } = await server.listen();
  const url = `http://${address}:${port}`;
  const provider = new JsonRpcProvider(url, undefined, { staticNetwork: true, cacheTimeout: -1 });
  const rich = await provider.getSigner(0);
  const local = PRESETS.local;
  const manifest = await deploy(rich, { ...local, parameters: { ...local.parameters, window: windowS } });
  const close = () => {
    provider.destroy();
    return server.close();
  };
  return { url, manifest, rich, close };
}

/**
 * A workspace in which an operator is ready to be started: configured for quick answers, with ether and stake, its key
 * registered, and live.
 */
export async function readyOperator(chain: LocalChain): Promise<Workspace> {
  const workspace = new Workspace();
  workspace.write("manifest.json", formatManifest(chain.manifest));
  const address = await workspace.writeKey("key.json");
  await workspace.mustCall("init", "--rpc", chain.url, "--confirmations", "0", "--keystore", "key.json");
  configure(workspace, { "  pollMs:": "  pollMs: 100", "  port:": `  port: ${await freePort()}` });
  await chain.rich.sendTransaction({ to: address, value: parseEther("10") });
  await workspace.mustCall("operator", "stake", "2");
  await workspace.mustCall("operator", "key");
  await workspace.mustCall("operator", "live", "on");
  return workspace;
}

/** Replaces lines of a workspace's configuration, commented out or not, by how they begin. */
export function configure(workspace: Workspace, changes: Readonly<Record<string, string>>): void {
  let config = workspace.read("assay.yaml");
  for (const [start, line] of Object.entries(changes)) {
    const [indent = "", key = ""] = start.split(/(?<=^ *)(?=\S)/);
    const pattern = new RegExp(`^${indent}(# )?${key}.*$`, "m");
    if (!pattern.test(config)) throw new Error(`the configuration has no line ${start}`);
    config = config.replace(pattern, () => line);
  }
  workspace.write("assay.yaml", config);
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
