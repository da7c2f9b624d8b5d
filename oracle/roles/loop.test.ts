import { expect } from "chai";
import { testDeps } from "../../test/oracle/deps.ts";
import { StoreError } from "../store/port.ts";
import { Loop } from "./loop.ts";
import { RpcError } from "./ports.ts";

const NEVER_MS = 3_600_000;

describe("Loop", () => {
  /** A loop whose steps note that they ran; the last round is the one in which `until` says so. */
  function open(runs: Record<string, () => void>, until: (ran: readonly string[]) => boolean, intervalMs = 1) {
    const deps = testDeps();
    const stop = new AbortController();
    const ran: string[] = [];
    const steps = Object.entries(runs).map(([name, run]) => ({
      name,
      run: () =>
        new Promise<void>((resolve) => {
          ran.push(name);
          if (until(ran)) stop.abort();
          run();
          resolve();
        }),
    }));
    return { loop: new Loop({ intervalMs, steps }, deps), stop, ran, ...deps };
  }
  const nothing = () => undefined;

  it("runs its steps in order, again and again, until it is told to stop", async () => {
    const { loop, stop, ran } = open({ a: nothing, b: nothing }, ({ length }) => length === 5);
    await loop.run(stop.signal);
    expect(ran).to.deep.equal(["a", "b", "a", "b", "a"]);
  });

  it("runs the other steps when one fails", async () => {
    const fail = () => {
      throw new RpcError("no endpoint answers");
    };
    const bug = () => {
      throw new TypeError("a bug");
    };
    const { loop, stop, ran, lines } = open({ a: fail, b: bug, c: nothing }, ({ length }) => length === 6);
    await loop.run(stop.signal);
    expect(ran).to.deep.equal(["a", "b", "c", "a", "b", "c"]);
    expect(lines.slice(0, 2).map(({ level, step }) => [level, step])).to.deep.equal([
      ["warn", "a"],
      ["error", "b"],
    ]);
    expect(loop.lastSuccessMs).to.equal(undefined);
  });

  it("ends when the store fails", async () => {
    const fail = () => {
      throw new StoreError("disk I/O error");
    };
    const { loop, stop } = open({ a: fail }, () => false);
    const error = await loop.run(stop.signal).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(StoreError);
  });

  it("goes on at once when it is rung, also in the middle of a round", async () => {
    let rings = 3;
    const ring = () => {
      if (rings-- > 0) loop.ring();
    };
    const { loop, stop, ran } = open({ a: ring }, ({ length }) => length === 4, NEVER_MS);
    await loop.run(stop.signal);
    expect(ran).to.have.length(4);
  });

  it("stops in the middle of its pause", async () => {
    const { loop, stop, ran } = open({ a: nothing }, () => false, NEVER_MS);
    const ended = loop.run(stop.signal);
    setTimeout(() => stop.abort(), 10);
    await ended;
    expect(ran).to.deep.equal(["a"]);
  });

  it("tells since when all is well", async () => {
    const { loop, stop, clock } = open({ a: nothing, b: nothing }, ({ length }) => length === 2);
    expect(loop.lastSuccessMs).to.equal(undefined);
    await loop.run(stop.signal);
    expect(loop.lastSuccessMs).to.equal(clock.nowMs());
  });
});
