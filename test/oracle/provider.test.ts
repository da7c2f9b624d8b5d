import { expect } from "chai";
import { network } from "hardhat";
import { RpcAnswerError, RpcProvider } from "../../oracle/chain/provider.ts";
import { RpcError } from "../../oracle/roles/ports.ts";
import { type RpcServer, serveRpc } from "../rpcServer.ts";
import { testDeps } from "./deps.ts";

const COOL_DOWN_MS = 10_000;
const CHAIN_ID = 31337;

describe("RpcProvider", () => {
  let first: RpcServer;
  let second: RpcServer;
  let opened: RpcProvider[];

  beforeEach(async () => {
    const { ethers } = await network.getOrCreate();
    first = await serveRpc(ethers.provider);
    second = await serveRpc(ethers.provider);
    opened = [];
  });
  afterEach(async () => {
    for (const provider of opened) provider.destroy();
    await Promise.all([first.close(), second.close()]);
  });

  function open(urls = [first.url, second.url], chainId = CHAIN_ID) {
    const deps = testDeps();
    const provider = new RpcProvider({ urls, chainId, timeoutMs: 200, coolDownMs: COOL_DOWN_MS }, deps);
    opened.push(provider);
    return { provider, ...deps };
  }

  const failure = (promise: Promise<unknown>) =>
    promise.then(
      () => undefined,
      (error: unknown) => error,
    );
  const calls = (server: RpcServer) => server.calls.get("eth_blockNumber") ?? 0;

  it("asks the preferred endpoint only", async () => {
    const { provider } = open();
    await provider.getBlockNumber();
    expect([calls(first), calls(second)]).to.deep.equal([1, 0]);
  });

  for (const fault of ["hang", "refuse", "lose"] as const) {
    it(`goes on to the next endpoint when one answers with: ${fault}`, async () => {
      first.fault = () => fault;
      const { provider, lines } = open();
      await provider.getBlockNumber();
      expect(calls(second)).to.equal(1);
      expect(lines.map(({ level, msg, host }) => [level, msg, host])).to.deep.equal([
        ["warn", "endpoint failed", new URL(first.url).host],
      ]);
    });
  }

  it("goes on to the next endpoint at a rate limit, and leaves the first alone for a while", async () => {
    first.fault = () => ({ code: -32005, message: "rate limit exceeded" });
    const { provider, clock } = open();
    await provider.getBlockNumber();
    first.fault = () => undefined;
    await provider.getBlockNumber();
    expect([calls(first), calls(second)]).to.deep.equal([0, 2]);
    clock.pass(COOL_DOWN_MS);
    await provider.getBlockNumber();
    expect(calls(first)).to.equal(1);
  });

  it("asks an endpoint that failed before giving up", async () => {
    first.fault = () => "refuse";
    const { provider } = open();
    await provider.getBlockNumber();
    first.fault = () => undefined;
    second.fault = () => "refuse";
    expect(await provider.getBlockNumber()).to.be.a("number");
  });

  it("says what every endpoint did when none answers", async () => {
    first.fault = () => "refuse";
    second.fault = () => "hang";
    const error = await failure(open().provider.getBlockNumber());
    expect(error).to.be.instanceOf(RpcError);
    expect((error as Error).message).to.match(/^no endpoint answers eth_blockNumber: HTTP 503; .*timeout/);
  });

  it("uses no endpoint of another chain", async () => {
    const error = await failure(open([first.url], 1).provider.getBlockNumber());
    expect((error as Error).message).to.equal("no endpoint answers eth_blockNumber: serves another chain than 1");
    expect(calls(first)).to.equal(0);
  });

  it("does not take a node's refusal for the endpoint's failure", async () => {
    first.fault = (method) => (method === "eth_blockNumber" ? { code: -32000, message: "not synced" } : undefined);
    const error = await failure(open().provider.getBlockNumber());
    expect(error).to.be.instanceOf(RpcAnswerError).and.include({ code: -32000, reason: "not synced" });
    expect(calls(second)).to.equal(0);
  });

  it("puts calls of one moment into one request", async () => {
    const { provider } = open();
    await Promise.all([provider.getBlockNumber(), provider.getBalance(`0x${"11".repeat(20)}`)]);
    expect(first.requests).to.equal(2); // the chain's id, then both
  });

  it("shows no key that is part of an endpoint's address", async () => {
    const { provider, lines } = open([`${first.url}/v3/secret?key=secret`]);
    first.fault = () => "refuse";
    const error = (await failure(provider.getBlockNumber())) as Error;
    expect(JSON.stringify([lines, error.message])).not.to.include("secret");
  });
});
