/** A Hardhat network in this process as a JSON-RPC endpoint for others, which a test can make fail. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

interface RpcRequest {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

/**
 * hang: no answer ever; refuse: HTTP 503; lose: the call is made and its answer lost; an object: a JSON-RPC error
 * instead of the call.
 */
export type Fault = "hang" | "refuse" | "lose" | { readonly code: number; readonly message: string };

export interface RpcServer {
  readonly url: string;
  /** Which fault befalls a call; replaced by a test at any time. */
  fault: (method: string, params: readonly unknown[]) => Fault | undefined;
  /** What becomes of a result on its way; replaced by a test at any time. */
  alter: (method: string, result: unknown) => unknown;
  /** The calls that were made, by method. */
  readonly calls: Map<string, number>;
  /** HTTP requests, of one call or several. */
  requests: number;
  close(): Promise<void>;
}

/** @param provider of a connection to a Hardhat network */
export async function serveRpc(provider: {
  send(method: string, params?: unknown[]): Promise<unknown>;
}): Promise<RpcServer> {
  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => response.destroy(error));
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const self: RpcServer = {
    url: `http://127.0.0.1:${port}`,
    fault: () => undefined,
    alter: (_method, result) => result,
    calls: new Map(),
    requests: 0,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return self;

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(await textOf(incoming)) as RpcRequest | RpcRequest[];
    const answers = [];
    self.requests++;
    for (const request of [body].flat()) {
      const fault = self.fault(request.method, request.params);
      if (fault === "hang") return;
      if (fault === "refuse") return void response.writeHead(503).end();
      answers.push(typeof fault === "object" ? { id: request.id, error: fault } : await call(request));
      if (fault === "lose") return void response.destroy();
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(Array.isArray(body) ? answers : answers[0]));
  }

  async function call({ id, method, params }: RpcRequest) {
    self.calls.set(method, (self.calls.get(method) ?? 0) + 1);
    try {
      return { id, jsonrpc: "2.0", result: self.alter(method, await provider.send(method, [...params])) };
    } catch (error) {
      const { code = -32603, message, data } = error as Error & { code?: number; data?: unknown };
      return { id, jsonrpc: "2.0", error: { code, message, data } };
    }
  }
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
