/** The engine in a browser: the same program over the same input has the same trace there, to the bit. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { stripTypeScriptTypes } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { joinTensors, pack } from "../oracle/model/tensor.ts";
import { ChunkTree } from "../oracle/vm/chunkTree.ts";
import { Executor } from "../oracle/vm/engine/executor.ts";
import { Random } from "../scripts/models/random.ts";
import { noteAtEnd } from "./noteAtEnd.ts";
import { compiled } from "./programs.ts";

const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
/** Chromium's sandbox does not start for root, and a test needs no services of the browser's maker. */
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
const IMPORTS = {
  binaryen: "/node_modules/binaryen/index.js",
  "@noble/hashes/sha3": "/node_modules/@noble/hashes/esm/sha3.js",
  "@noble/hashes/utils": "/node_modules/@noble/hashes/esm/utils.js",
  "@noble/hashes/crypto": "/node_modules/@noble/hashes/esm/crypto.js",
};
const PAGE = `<!doctype html><script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>
<script type="module">
  const report = (result) => fetch("/result", { method: "POST", body: result });
  try {
    const { ChunkTree } = await import("/oracle/vm/chunkTree.ts");
    const { Executor } = await import("/oracle/vm/engine/executor.ts");
    const { kernels, weights, input } = await (await fetch("/program")).json();
    const leaves = kernels.map(({ chunks, descriptor }) => ({
      chunks: BigInt(chunks),
      descriptor: Uint8Array.from(descriptor),
    }));
    const engine = new Executor(leaves, Uint8Array.from(weights), input.length);
    engine.run(Uint8Array.from(input));
    await report(new ChunkTree(engine.trace).root);
  } catch (error) {
    await report(String(error?.stack ?? error));
  }
</script>`;

const browser = BROWSERS.find((path) => existsSync(path));
if (browser === undefined) {
  noteAtEnd(() => "no Chromium: 1 group not run");
} else {
  describe("the engine in a browser", () => inBrowser(browser));
}

function inBrowser(path: string): void {
  let server: Server;
  let chromium: ChildProcess;
  let profile: string;

  before(() => {
    profile = mkdtempSync(join(tmpdir(), "assay-browser-"));
  });

  after(async () => {
    if (chromium?.exitCode === null) {
      chromium.kill();
      await once(chromium, "exit");
    }
    server?.closeAllConnections();
    server?.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
  });

  it("computes the trace that Node computes", async () => {
    const { program } = compiled(readFileSync("models/volatility.onnx"));
    const { kernels, weights, inputs } = program;
    const random = new Random(1n);
    const counts = inputs.map(({ dims }) => dims.reduce((product, dim) => product * dim, 1));
    const values = counts.map((length) => Array.from({ length }, () => random.uniform(-1, 1)));
    const input = joinTensors(values.map((floats) => pack("f32", floats)));
    const engine = new Executor(kernels, weights, input.length);
    engine.run(input);

    const result = await new Promise<string>((give) => {
      server = serve(
        JSON.stringify({
          kernels: kernels.map(({ chunks, descriptor }) => ({ chunks: Number(chunks), descriptor: [...descriptor] })),
          weights: [...weights],
          input: [...input],
        }),
        give,
      );
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo;
        const url = `http://127.0.0.1:${port}/`;
        chromium = spawn(path, [...FLAGS, `--user-data-dir=${profile}`, url], { stdio: "ignore" });
      });
    });
    expect(result).to.equal(new ChunkTree(engine.trace).root);
  }).timeout(60_000);
}

/** The page, the program, and the sources that the page imports, without their types. */
function serve(program: string, give: (result: string) => void): Server {
  return createServer(async (request, response) => {
    const url = request.url ?? "/";
    if (url === "/result") give(await text(request));
    const file = resolve(`.${url}`);
    const isSource = /^\/(oracle|node_modules)\//.test(url) && existsSync(file);
    const [type, body] =
      url === "/"
        ? ["text/html", PAGE]
        : url === "/program"
          ? ["application/json", program]
          : isSource
            ? ["text/javascript", source(file)]
            : ["text/plain", ""];
    response.setHeader("content-type", type);
    response.end(body);
  });
}

function source(file: string): string {
  const code = readFileSync(file, "utf8");
  return extname(file) === ".ts" ? stripTypeScriptTypes(code) : code;
}
