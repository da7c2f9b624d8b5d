import { expect } from "chai";
import { type Batch, groups, submitBatch } from "./batch.ts";
import { type Call, type Outbox, RevertError, RpcError } from "./ports.ts";

/** Submits numbers; the call's data is the list of them, and what a call costs is decided by `gasOf`. */
async function submit(
  items: readonly number[],
  gasOf: (items: readonly number[]) => bigint,
  dataBytes = 10,
  callbackGas = 0n,
) {
  const log: string[] = [];
  const refused: string[] = [];
  const calls = new Map<Call, readonly number[]>();
  const batch: Batch<number> = {
    build: (some) => {
      const call: Call = { to: "coordinator", data: `0x${"00".repeat(dataBytes * some.length)}` };
      calls.set(call, some);
      return call;
    },
    keyOf: (item) => `key${item}`,
    callbackGas: () => callbackGas,
    begin: (some) => {
      log.push(`begin ${some}`);
      return Promise.resolve();
    },
    refuse: (item, { errorName }) => {
      refused.push(`${item} ${errorName}`);
      return Promise.resolve();
    },
  };
  const outbox: Outbox = {
    maxGas: 1000n,
    submit: (keys, _call, gasLimit) => {
      log.push(`submit ${keys} ${gasLimit}`);
      return Promise.resolve();
    },
    delivery: () => Promise.resolve(undefined),
    attempts: () => Promise.resolve(0),
    cancel: () => Promise.resolve(),
  };
  const estimateGas = (call: Call) => new Promise<bigint>((resolve) => resolve(gasOf(calls.get(call) ?? [])));
  await submitBatch(items, batch, { chain: { estimateGas }, outbox });
  return { log, refused };
}

describe("submitBatch", () => {
  it("stores that items are under way before their transaction is queued, and leaves room in its gas", async () => {
    const { log } = await submit([1, 2], () => 100n);
    expect(log).to.deep.equal(["begin 1,2", "submit key1,key2 125"]);
  });

  it("does nothing for nothing", async () => {
    expect((await submit([], () => 100n)).log).to.deep.equal([]);
  });

  it("isolates the item that reverts", async () => {
    const gasOf = (items: readonly number[]) => {
      if (items.includes(3)) throw new RevertError("WindowOpen");
      return 100n;
    };
    const { log, refused } = await submit([1, 2, 3, 4, 5], gasOf);
    expect(refused).to.deep.equal(["3 WindowOpen"]);
    expect(log).to.deep.equal(["begin 1,2", "submit key1,key2 125", "begin 4,5", "submit key4,key5 125"]);
  });

  it("halves what needs too much gas, and stays at the limit when only the room is lacking", async () => {
    const { log, refused } = await submit([1, 2, 3, 4], (items) => BigInt(items.length) * 450n);
    expect(refused).to.deep.equal([]);
    expect(log.filter((line) => line.startsWith("submit"))).to.deep.equal([
      "submit key1,key2 1000",
      "submit key3,key4 1000",
    ]);
  });

  it("pays for callbacks that are cheap in the estimate alone", async () => {
    const { log } = await submit([1, 2, 3], () => 100n, 10, 315n);
    expect(log.filter((line) => line.startsWith("submit"))).to.deep.equal([
      "submit key1,key2 765", // 125 + 2 * 320: three would need more than 1000
      "submit key3 445",
    ]);
    expect((await submit([1], () => 900n, 10, 315n)).log).to.include("submit key1 1000");
  });

  it("refuses one that needs too much gas or too many bytes alone", async () => {
    expect((await submit([1], () => 1001n)).refused).to.deep.equal(["1 TooMuchGas"]);
    expect((await submit([1], () => 1n, 120_001)).refused).to.deep.equal(["1 TransactionTooLarge"]);
  });

  it("halves what is too long", async () => {
    const { log } = await submit([1, 2], () => 100n, 70_000);
    expect(log).to.deep.equal(["begin 1", "submit key1 125", "begin 2", "submit key2 125"]);
  });

  it("passes on that the chain does not answer", async () => {
    const failure = submit([1], () => {
      throw new RpcError("no endpoint answers");
    });
    expect(await failure.catch((error: Error) => error)).to.be.instanceOf(RpcError);
  });
});

describe("groups", () => {
  it("are full, and what must go alone does", () => {
    const item = (n: number) => ({ n, isAlone: n % 10 === 0 });
    const numbers = groups([1, 10, 2, 20, 3].map(item), 2).map((items) => items.map(({ n }) => n));
    expect(numbers).to.deep.equal([[1, 2], [3], [10], [20]]);
    expect(groups([], 2)).to.deep.equal([]);
  });
});
