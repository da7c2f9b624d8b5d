import { request as httpRequest } from "node:http";
import { expect } from "chai";
import { recordingLogger } from "../../test/recordingLogger.ts";
import { PrometheusMetrics } from "../telemetry/metrics.ts";
import { type Probe, type RunningServer, type ServerSources, startServer } from "./server.ts";

describe("status server", () => {
  const servers: RunningServer[] = [];
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

  async function start(changes: Partial<ServerSources> = {}) {
    const { logger, lines } = recordingLogger();
    const metrics = new PrometheusMetrics();
    metrics.gauge({ name: "answer", help: "The answer" }).set(42);
    const status = () => Promise.resolve({ stakeWei: 10n ** 18n });
    const sources = { probes: [], status, metrics: () => metrics.text(), logger, ...changes };
    const server = await startServer({ host: "127.0.0.1", port: 0 }, sources);
    servers.push(server);
    const get = async (path: string) => {
      const response = await fetch(`${server.url}${path}`);
      return { code: response.status, type: response.headers.get("content-type"), body: await response.text() };
    };
    return { server, get, lines };
  }

  const fine: Probe = { name: "fine", check: () => Promise.resolve(undefined) };

  it("is alive", async () => {
    const { get, server } = await start();
    expect(server.url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await get("/health")).to.include({ code: 200, body: '{"status":"alive"}' });
  });

  it("is ready when every probe is content", async () => {
    const { get } = await start({ probes: [fine, { ...fine, name: "too" }] });
    const { code, body } = await get("/ready");
    expect(code).to.equal(200);
    expect(JSON.parse(body)).to.deep.equal({
      ready: true,
      checks: [
        { name: "fine", ok: true },
        { name: "too", ok: true },
      ],
    });
  });

  it("is not ready when one is not, fails or says nothing, and tells why", async () => {
    const probes: Probe[] = [
      fine,
      { name: "cursor", check: () => Promise.resolve("900 blocks behind") },
      { name: "rpc", check: () => Promise.reject(new Error("no endpoint answers")) },
      { name: "executor", check: () => new Promise(() => undefined) },
    ];
    const { code, body } = await (await start({ probes })).get("/ready");
    expect(code).to.equal(503);
    expect(JSON.parse(body)).to.deep.equal({
      ready: false,
      checks: [
        { name: "fine", ok: true },
        { name: "cursor", ok: false, reason: "900 blocks behind" },
        { name: "rpc", ok: false, reason: "no endpoint answers" },
        { name: "executor", ok: false, reason: "no answer within 3000 ms" },
      ],
    });
  });

  it("shows its status as JSON", async () => {
    const { code, type, body } = await (await start()).get("/status");
    expect({ code, type, body }).to.deep.equal({
      code: 200,
      type: "application/json; charset=utf-8",
      body: '{"stakeWei":"1000000000000000000"}',
    });
  });

  it("gives its metrics to Prometheus", async () => {
    const { type, body } = await (await start()).get("/metrics");
    expect(type).to.match(/^text\/plain; version=0.0.4/);
    expect(body).to.include("assay_answer 42");
  });

  it("keeps what went wrong inside to its log", async () => {
    const { get, lines } = await start({ status: () => Promise.reject(new Error("secret detail")) });
    expect(await get("/status")).to.include({ code: 500, body: '{"error":"internal error; the log has the details"}' });
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include({ level: "error", path: "/status" });
    expect(JSON.stringify(lines[0])).to.include("secret detail");
  });

  it("refuses other paths, methods and bodies", async () => {
    const { get, server } = await start();
    expect((await get("/")).code).to.equal(404);
    expect((await get("/metrics/..%2f")).code).to.equal(404);
    expect((await fetch(`${server.url}/health`, { method: "POST", body: "x".repeat(100) })).status).to.equal(413);
  });

  it("says when its port is taken", async () => {
    const { server } = await start();
    const port = Number(new URL(server.url).port);
    const { logger } = recordingLogger();
    const sources = {
      probes: [],
      status: () => Promise.resolve({}),
      metrics: () => new PrometheusMetrics().text(),
      logger,
    };
    const error = await startServer({ host: "127.0.0.1", port }, sources).catch((caught: unknown) => caught);
    expect((error as Error).message).to.match(/EADDRINUSE/);
  });

  it("closes although a client stays connected", async () => {
    const { server } = await start();
    const request = httpRequest(`${server.url}/health`, { agent: false, headers: { connection: "keep-alive" } });
    await new Promise((resolve) => request.on("response", (response) => response.resume().on("end", resolve)).end());
    await server.close();
  });
});
