/** JSON-RPC over HTTP with a time limit per call and several endpoints to fall back on. */
import { JsonRpcApiProvider, type JsonRpcError, type JsonRpcPayload, type JsonRpcResult, Network } from "ethers";
import { type Clock, type Counter, type Gauge, type Logger, type Metrics, RpcError } from "../roles/ports.ts";

export interface ProviderOptions {
  /** In order of preference. */
  readonly urls: readonly string[];
  readonly chainId: number;
  /** Time limit of one call at one endpoint. */
  readonly timeoutMs: number;
  /** How long an endpoint that failed is only asked when the others fail too. */
  readonly coolDownMs: number;
}

/** A node answered that it will not do what was asked. */
export class RpcAnswerError extends RpcError {
  readonly method: string;
  readonly code: number;
  /** The node's own words. */
  readonly reason: string;

  constructor(method: string, code: number, reason: string) {
    super(`${method}: ${reason} (${code})`);
    this.name = "RpcAnswerError";
    this.method = method;
    this.code = code;
    this.reason = reason;
  }
}

interface Endpoint {
  readonly url: string;
  /** For logs and metrics: paths and queries of endpoints carry keys. */
  readonly host: string;
  coolUntilMs: number;
  /** Whether it serves the right chain; undefined: not asked yet. */
  isRightChain: boolean | undefined;
}

type Answer = (JsonRpcResult | JsonRpcError)[];

/**
 * An ethers provider that asks one endpoint at a time. Every call is safe to repeat elsewhere: what is sent is signed,
 * and the rest reads. Endpoints may lag behind each other: who reads blocks must expect to see older ones again.
 */
export class RpcProvider extends JsonRpcApiProvider {
  readonly #chainId: number;
  readonly #timeoutMs: number;
  readonly #coolDownMs: number;
  readonly #endpoints: readonly Endpoint[];
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #failures: Counter;
  readonly #up: Gauge;

  constructor(
    options: ProviderOptions,
    { clock, logger, metrics }: { clock: Clock; logger: Logger; metrics: Metrics },
  ) {
    // Without ethers' cache of a quarter of a second: a read that follows a write must see it.
    super(options.chainId, {
      staticNetwork: Network.from(options.chainId),
      cacheTimeout: -1,
      batchMaxCount: 20,
      batchStallTime: 0,
    });
    this.#chainId = options.chainId;
    this.#timeoutMs = options.timeoutMs;
    this.#coolDownMs = options.coolDownMs;
    this.#endpoints = options.urls.map((url) => {
      return { url, host: new URL(url).host, coolUntilMs: 0, isRightChain: undefined };
    });
    this.#clock = clock;
    this.#logger = logger;
    this.#failures = metrics.counter({
      name: "rpc_failures_total",
      help: "Calls an endpoint failed",
      labels: ["host"],
    });
    this.#up = metrics.gauge({ name: "rpc_up", help: "1: the endpoint answered last time", labels: ["host"] });
    this._start();
  }

  /** @throws RpcError when every endpoint failed */
  override async _send(payload: JsonRpcPayload | JsonRpcPayload[]): Promise<Answer> {
    const now = this.#clock.nowMs();
    const isCooling = (endpoint: Endpoint) => Number(endpoint.coolUntilMs > now);
    const failures: Error[] = [];
    for (const endpoint of this.#endpoints.toSorted((a, b) => isCooling(a) - isCooling(b))) {
      try {
        await this.#checkChain(endpoint);
        const answer = await this.#ask(endpoint, payload);
        endpoint.coolUntilMs = 0;
        this.#up.set(1, { host: endpoint.host });
        return answer;
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        failures.push(error);
        endpoint.coolUntilMs = now + this.#coolDownMs;
        this.#failures.inc({ host: endpoint.host });
        this.#up.set(0, { host: endpoint.host });
        this.#logger.warn({ host: endpoint.host, reason: error.message }, "endpoint failed");
      }
    }
    const methods = new Set([payload].flat().map(({ method }) => method));
    const reasons = failures.map(({ message }) => message).join("; ");
    throw new RpcError(`no endpoint answers ${[...methods].join(", ")}: ${reasons}`, { cause: failures[0] });
  }

  /** Only a revert is the call's own failure; whatever else a node refuses may work later or elsewhere. */
  override getRpcError(payload: JsonRpcPayload, answer: JsonRpcError): Error {
    const { code, message } = answer.error;
    const isExecuted = payload.method === "eth_call" || payload.method === "eth_estimateGas";
    const isRevert = /revert|out of gas|invalid opcode|exceeds allowance/i.test(message ?? "");
    if (isExecuted && (isRevert || answer.error.data)) return super.getRpcError(payload, answer);
    return new RpcAnswerError(payload.method, code, message ?? "no reason given");
  }

  async #checkChain(endpoint: Endpoint): Promise<void> {
    if (endpoint.isRightChain === undefined) {
      const [answer] = await this.#ask(endpoint, { id: 0, jsonrpc: "2.0", method: "eth_chainId", params: [] });
      if (answer === undefined || !("result" in answer)) throw new Error("no answer to eth_chainId");
      endpoint.isRightChain = Number(answer.result) === this.#chainId;
    }
    if (!endpoint.isRightChain) throw new Error(`serves another chain than ${this.#chainId}`);
  }

  async #ask(endpoint: Endpoint, payload: JsonRpcPayload | JsonRpcPayload[]): Promise<Answer> {
    const response = await fetch(endpoint.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(payload),
      signal: AbortSignal.timeout(this.#timeoutMs),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`HTTP ${response.status}`);
    }
    const body = (await response.json()) as Answer | Answer[number];
    const answers = [body].flat();
    for (const { id } of [payload].flat()) {
      const answer = answers.find((item) => item.id === id);
      if (answer === undefined) throw new Error("incomplete answer");
      if ("error" in answer && isRateLimit(answer.error.message)) throw new Error("rate limit");
    }
    return answers;
  }
}

/** Not every limit is one of the rate: "query returned more than 10000 results" is an answer. */
function isRateLimit(message: string | undefined): boolean {
  return /rate.?limit|too many requests/i.test(message ?? "");
}
