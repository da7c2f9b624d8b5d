/** What a running node shows of itself, to process managers, monitoring and its owner. */
import fastify, { type FastifyError, type FastifyInstance } from "fastify";
import type { Logger } from "../roles/ports.ts";

export interface ServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** One condition of readiness. */
export interface Probe {
  readonly name: string;
  /** Why the condition does not hold; undefined if it does. A rejection counts as a reason. */
  check(): Promise<string | undefined>;
}

export interface ServerSources {
  readonly probes: readonly Probe[];
  /** What /status shows; bigints become strings. */
  status(): Promise<object>;
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
  readonly logger: Logger;
}

export interface RunningServer {
  /** Such as http://127.0.0.1:8460. */
  readonly url: string;
  close(): Promise<void>;
}

/** A probe that says nothing for so long has failed: whoever asks has a limit too. */
const PROBE_LIMIT_MS = 3_000;
const REQUEST_LIMIT_MS = 10_000;

/**
 * Serves GET /health (200 while the process lives), /ready (200 or 503, with a line per probe), /status (JSON) and
 * /metrics (Prometheus).
 * @throws Error if the address cannot be listened on
 */
export async function startServer({ host, port }: ServerOptions, sources: ServerSources): Promise<RunningServer> {
  const server = createServer(sources);
  const url = await server.listen({ host, port });
  return { url, close: () => server.close() };
}

function createServer({ probes, status, metrics, logger }: ServerSources): FastifyInstance {
  const server = fastify({ bodyLimit: 1, requestTimeout: REQUEST_LIMIT_MS, forceCloseConnections: true });
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const code = error.statusCode ?? 500;
    if (code < 500) return reply.code(code).send({ error: error.message });
    logger.error({ error, path: request.url }, "a request failed");
    return reply.code(code).send({ error: "internal error; the log has the details" });
  });
  server.get("/health", () => ({ status: "alive" }));
  server.get("/ready", async (_, reply) => {
    const checks = await Promise.all(probes.map(run));
    const isReady = checks.every(({ ok }) => ok);
    return reply.code(isReady ? 200 : 503).send({ ready: isReady, checks });
  });
  server.get("/status", async (_, reply) => reply.type("application/json").send(toJson(await status())));
  server.get("/metrics", async (_, reply) => {
    const { contentType, body } = await metrics();
    return reply.type(contentType).send(body);
  });
  return server;
}

async function run({ name, check }: Probe): Promise<{ name: string; ok: boolean; reason?: string }> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve(`no answer within ${PROBE_LIMIT_MS} ms`), PROBE_LIMIT_MS);
  try {
    const reason = await Promise.race([check(), promise]);
    return reason === undefined ? { name, ok: true } : { name, ok: false, reason };
  } catch (error) {
    return { name, ok: false, reason: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}

function toJson(value: object): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? inner.toString() : inner));
}
