import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { sha256 } from "../../test/onnxModels.ts";
import { recordingLogger } from "../../test/recordingLogger.ts";
import { ArtefactError, type ArtefactUris } from "../roles/ports.ts";
import { PrometheusMetrics } from "../telemetry/metrics.ts";
import type { Hex } from "../vm/keccak.ts";
import { ArtefactCache, type ArtefactCacheOptions } from "./artefactCache.ts";

const BYTES = Buffer.from("the bytes of a model");
const HASH: Hex = `0x${sha256(BYTES)}`;

/** URIs of the operator's own configuration. */
const own = (...configured: string[]): ArtefactUris => ({ configured, registered: [] });
const fromChain = (...registered: string[]): ArtefactUris => ({ configured: [], registered });

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

describe("ArtefactCache", () => {
  let root: string;
  const requests: string[] = [];
  let routes: Record<string, Handler> = {};
  let url = "";
  let folders = 0;
  let options: ArtefactCacheOptions;
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    requests.push(path);
    const route = routes[path];
    if (route === undefined) response.writeHead(404).end();
    else route(request, response);
  });

  before(async () => {
    root = mkdtempSync(join(tmpdir(), "assay-artefact-"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(root, { recursive: true });
  });

  beforeEach(() => {
    const folder = join(root, `cache${folders++}`);
    options = {
      folder,
      fileRoot: undefined,
      allowPrivateNetwork: false,
      maxBytes: 1_000,
      timeoutMs: 2_000,
      retryAfterMs: 1,
    };
    mkdirSync(folder);
    requests.length = 0;
    routes = { "/model": (_, response) => response.end(BYTES) };
  });

  function cache(changes: Partial<ArtefactCacheOptions> = {}) {
    const { logger, lines } = recordingLogger();
    const metrics = new PrometheusMetrics();
    return { artefacts: new ArtefactCache({ ...options, ...changes }, { logger, metrics }), lines, metrics };
  }

  async function fails(
    given: string[] | ArtefactUris,
    reason: string | RegExp,
    isRetryable: boolean,
    changes = {},
  ): Promise<void> {
    const error = await cache(changes)
      .artefacts.obtain(HASH, Array.isArray(given) ? own(...given) : given)
      .then(
        () => expect.fail("it succeeded"),
        (caught: unknown) => caught as ArtefactError,
      );
    expect(error).to.be.instanceOf(ArtefactError);
    if (typeof reason === "string") expect(error.message).to.include(reason);
    else expect(error.message).to.match(reason);
    expect(error.isRetryable, error.message).to.equal(isRetryable);
    const left = readdirSync(options.folder, { recursive: true });
    expect(left, "nothing half fetched stays").to.deep.equal([]);
  }

  it("fetches a file once, names it by its hash, and finds it again", async () => {
    const { artefacts, metrics } = cache();
    const path = await artefacts.obtain(HASH, own(`${url}/model`));
    expect(path).to.equal(join(options.folder, `${HASH.slice(2)}.onnx`));
    expect(readFileSync(path)).to.deep.equal(BYTES);
    expect(await artefacts.obtain(HASH, own(`${url}/model`))).to.equal(path);
    expect(await cache().artefacts.obtain(HASH, own()), "by another run of the program").to.equal(path);
    expect(requests).to.deep.equal(["/model"]);
    expect((await metrics.text()).body).to.include('assay_artefact_fetches_total{outcome="fetched"} 1');
  });

  it("fetches again, once, what was deleted since", async () => {
    const { artefacts } = cache();
    const path = await artefacts.obtain(HASH, own(`${url}/model`));
    rmSync(path);
    await Promise.all([1, 2].map(() => artefacts.obtain(HASH, own(`${url}/model`))));
    expect(readFileSync(path)).to.deep.equal(BYTES);
    expect(requests).to.deep.equal(["/model", "/model"]);
  });

  it("makes the folder", async () => {
    rmSync(options.folder, { recursive: true });
    await cache({ folder: join(options.folder, "a", "b") }).artefacts.obtain(HASH, own(`${url}/model`));
  });

  it("fetches once for callers at the same time", async () => {
    const { artefacts } = cache();
    await Promise.all([1, 2, 3].map(() => artefacts.obtain(HASH, own(`${url}/model`))));
    expect(requests).to.deep.equal(["/model"]);
  });

  it("tries its sources in order and says what was wrong with each", async () => {
    const { artefacts, lines } = cache();
    await artefacts.obtain(HASH, own(`${url}/missing?key=secret`, "ipfs://x", `${url}/model`));
    expect(requests).to.deep.equal(["/missing?key=secret", "/model"]);
    expect(lines.map(({ uri, reason }) => [uri, reason])).to.deep.equal([
      [`${url}/missing`, "the server answered 404"],
      ["ipfs://x", "not a file:, http: or https: URI"],
    ]);
  });

  it("goes on to the next source after one that is no URL, or leads to none", async () => {
    routes["/moved"] = (_, response) => response.writeHead(302, { location: "http://[" }).end();
    const { artefacts, lines } = cache();
    await artefacts.obtain(HASH, own("http://[", `${url}/moved`, `${url}/model`));
    expect(lines.map(({ reason }) => reason)).to.deep.equal(["not a URL", "not a URL"]);
  });

  it("tells all who wait that the cache cannot be used", async () => {
    writeFileSync(join(options.folder, "file"), "");
    const { artefacts } = cache({ folder: join(options.folder, "file") });
    const results = await Promise.allSettled([1, 2].map(() => artefacts.obtain(HASH, own(`${url}/model`))));
    for (const result of results) {
      expect(result.status === "rejected" && result.reason).to.be.instanceOf(ArtefactError);
    }
  });

  it("says when there is no source", () => fails([], "none is known", false));

  it("does not mistake other bytes for the file", async () => {
    routes["/other"] = (_, response) => response.end("something else");
    await fails([`${url}/other`], /its SHA-256 is [0-9a-f]{64}/, false);
    expect(requests, "trying again would not help").to.deep.equal(["/other"]);
  });

  it("reads no more than its limit", async () => {
    routes["/endless"] = (_, response) => {
      const write = () => response.write(Buffer.alloc(10_000)) || response.once("drain", write);
      const timer = setInterval(write, 1);
      response.on("close", () => clearInterval(timer));
    };
    await fails([`${url}/endless`], "it is longer than 1000 bytes", false);
  });

  it("gives up on a server that says nothing, or stops in the middle", async () => {
    routes["/silent"] = () => undefined;
    routes["/stalling"] = (_, response) => response.write("the bytes");
    await fails([`${url}/silent`], "timeout", true, { timeoutMs: 100 });
    await fails([`${url}/stalling`], "timeout", true, { timeoutMs: 100 });
  });

  it("tries again when the reason may pass", async () => {
    let tries = 0;
    routes["/flaky"] = (_, response) => {
      tries++;
      if (tries === 1) response.writeHead(503).end();
      else if (tries === 2) response.write("the b", () => response.destroy());
      else response.end(BYTES);
    };
    await cache().artefacts.obtain(HASH, own(`${url}/flaky`));
    expect(tries).to.equal(3);
  });

  it("gives up after three tries, for now", async () => {
    routes["/down"] = (_, response) => response.writeHead(503).end();
    await fails([`${url}/down`], "the server answered 503", true);
    expect(requests).to.have.length(3);
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await fails([`http://127.0.0.1:${port}/model`], "ECONNREFUSED", true);
    await fails([`${url}/missing`], "the server answered 404", true);
  });

  it("follows a few redirects, to the web only", async () => {
    const redirect =
      (location: string): Handler =>
      (_, response) =>
        response.writeHead(302, { location }).end();
    routes["/a"] = redirect("/b");
    routes["/b"] = redirect(`${url}/model`);
    await cache().artefacts.obtain(HASH, own(`${url}/a`));
    expect(requests).to.deep.equal(["/a", "/b", "/model"]);
    rmSync(options.folder, { recursive: true });
    mkdirSync(options.folder);
    routes["/loop"] = redirect("/loop");
    await fails([`${url}/loop`], "more than 3 redirects", true);
    routes["/file"] = redirect("file:///etc/passwd");
    await fails([`${url}/file`], "the server redirects to file:", false, { fileRoot: "/" });
  });

  it("sends the credentials of a URL, and never shows them", async () => {
    routes["/private"] = ({ headers }, response) => {
      const isAllowed = headers.authorization === `Basic ${Buffer.from("me:se cret").toString("base64")}`;
      response.writeHead(isAllowed ? 200 : 401).end(BYTES);
    };
    const withCredentials = (password: string) => `${url}/private`.replace("//", `//me:${password}@`);
    await fails([withCredentials("wrong")], /^(?!.*wrong).*the server answered 401/, true);
    await cache().artefacts.obtain(HASH, own(withCredentials("se%20cret")));
  });

  it("takes relative files of the configured folder, and of no other", async () => {
    const fileRoot = join(root, "models");
    mkdirSync(join(fileRoot, "deep"), { recursive: true });
    writeFileSync(join(fileRoot, "deep", "model.onnx"), BYTES);
    writeFileSync(join(root, "outside.onnx"), BYTES);
    symlinkSync(join(root, "outside.onnx"), join(fileRoot, "link.onnx"));
    await fails(["file:deep/model.onnx"], "file: is taken from the configuration only", false);
    await fails([`file://${fileRoot}/deep/model.onnx`], "file: takes a relative path", false, { fileRoot });
    await fails([`file:${fileRoot}/deep/model.onnx`], "file: takes a relative path", false, { fileRoot });
    await fails(["file:"], "file: takes a relative path", false, { fileRoot });
    await fails(["file:../outside.onnx"], "the path leads out of the folder", false, { fileRoot });
    await fails(["file:link.onnx"], "the path leads out of the folder", false, { fileRoot });
    await fails(["file:deep"], "not a regular file", false, { fileRoot });
    execFileSync("mkfifo", [join(fileRoot, "pipe")]);
    await fails(["file:pipe"], "not a regular file", false, { fileRoot });
    await fails(["file:missing.onnx"], "ENOENT", true, { fileRoot });
    await fails(["file:model.onnx"], "ENOENT", true, { fileRoot: join(root, "nowhere") });
    await cache({ fileRoot }).artefacts.obtain(HASH, own("file:deep/model.onnx"));
  });

  describe("under URIs from the chain", () => {
    const port = () => new URL(url).port;

    it("goes to no address that is not public, however it is written", async () => {
      const hosts = [
        ...["127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "0.0.0.0", "localhost"],
        ...["[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "user:password@127.0.0.1"],
      ];
      for (const host of hosts) await fails(fromChain(`http://${host}:${port()}/model`), "no public address", false);
      await fails(fromChain(`https://127.0.0.1:${port()}/model`), "no public address", false);
      expect(requests).to.deep.equal([]);
    });

    it("goes there when the configuration says so, and where the configuration itself leads", async () => {
      const local = `http://localhost:${port()}/model`;
      await cache({ allowPrivateNetwork: true }).artefacts.obtain(HASH, fromChain(local));
      rmSync(options.folder, { recursive: true });
      await cache().artefacts.obtain(HASH, own(local));
      expect(requests).to.deep.equal(["/model", "/model"]);
    });

    it("reads no files", async () => {
      const fileRoot = join(root, "served");
      mkdirSync(fileRoot);
      writeFileSync(join(fileRoot, "model.onnx"), BYTES);
      const reason = "file: is taken from the configuration only";
      await fails(fromChain("file:model.onnx"), reason, false, { fileRoot, allowPrivateNetwork: true });
      await cache({ fileRoot }).artefacts.obtain(HASH, own("file:model.onnx"));
    });

    it("tries them after the configured ones, and says why each was refused", async () => {
      const { artefacts, lines } = cache();
      const registered = [`${url}/model`, "http://%ff@example.org/"];
      const error = await artefacts.obtain(HASH, { configured: [`${url}/missing`], registered }).catch(String);
      expect(error).to.match(
        /missing: the server answered 404; .*model: 127.0.0.1 is no public address; .*: not a URL\)$/,
      );
      expect(lines).to.have.length(3);
      expect(requests).to.deep.equal(["/missing"]);
    });
  });

  it("fetches a corrupted file again", async () => {
    const path = await cache().artefacts.obtain(HASH, own(`${url}/model`));
    writeFileSync(path, "flipped bits");
    const { artefacts, lines } = cache();
    expect(await artefacts.obtain(HASH, own(`${url}/model`))).to.equal(path);
    expect(readFileSync(path)).to.deep.equal(BYTES);
    expect(lines.map(({ msg }) => msg)).to.deep.equal(["the cached artefact is corrupted and will be fetched again"]);
  });

  it("says when the cache cannot be written, and that this may pass", async () => {
    writeFileSync(join(root, "file"), "");
    const { artefacts } = cache({ folder: join(root, "file", "below") });
    const error = await artefacts.obtain(HASH, own(`${url}/model`)).catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(ArtefactError).and.include({ isRetryable: true });
    expect((error as Error).message).to.match(/^cannot use the artefact cache: ENOTDIR/);
  });

  it("remembers no failure", async () => {
    const { artefacts } = cache();
    await artefacts.obtain(HASH, own()).catch(() => undefined);
    await artefacts.obtain(HASH, own(`${url}/model`));
  });
});
