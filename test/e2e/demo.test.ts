/** `npm run demo` as its reader meets it: a story, an exit code, and nothing left behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const DEMO = fileURLToPath(new URL("../../scripts/demo.ts", import.meta.url));
const README = new URL("../../README.md", import.meta.url);
const LEFT_OVER_MS = 10_000;

class Demo {
  stdout = "";
  stderr = "";
  child: ChildProcess | undefined;
  #code: Promise<number | null> = Promise.resolve(null);

  /** @param onReady called once, when the operator is ready, with its process id */
  start(onReady?: (demo: Demo, operator: number) => void): void {
    // A process group of its own: whatever the demo starts is in it, and can be looked for when the demo is gone.
    const child = spawn(process.execPath, [DEMO], { detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let isReady = false;
    child.stdout.on("data", (text) => {
      this.stdout += text;
      const operator = /process (\d+), http/.exec(this.stdout)?.[1];
      if (operator === undefined || isReady) return;
      isReady = true;
      onReady?.(this, Number(operator));
    });
    child.stderr.on("data", (text) => {
      this.stderr += text;
    });
    this.child = child;
    this.#code = new Promise((resolve) => child.on("close", resolve));
  }

  ended(): Promise<number | null> {
    return this.#code;
  }

  /** Whether every process of the group is gone, or goes soon. */
  async isGone(): Promise<boolean> {
    const deadlineMs = performance.now() + LEFT_OVER_MS;
    while (isGroupAlive(this.child?.pid)) {
      if (performance.now() > deadlineMs) return false;
      await sleep(50);
    }
    return true;
  }

  kill(): void {
    if (isGroupAlive(this.child?.pid)) process.kill(-Number(this.child?.pid), "SIGKILL");
  }
}

function isGroupAlive(leader: number | undefined): boolean {
  try {
    return process.kill(-Number(leader), 0);
  } catch {
    return false;
  }
}

describe("the demo", function () {
  this.timeout(240_000);
  // All at once: most of the time a demo waits.
  const demos = { whole: new Demo(), interrupted: new Demo(), orphaned: new Demo() };
  before(() => {
    demos.whole.start();
    demos.interrupted.start((demo) => demo.child?.kill("SIGINT"));
    demos.orphaned.start((_, operator) => process.kill(operator, "SIGKILL"));
  });
  after(() => {
    for (const demo of Object.values(demos)) demo.kill();
  });

  it("tells its story and leaves no process behind", async () => {
    const demo = demos.whole;
    expect(await demo.ended(), demo.stderr).to.equal(0);
    expect(await demo.isGone()).to.equal(true);
    expect(demo.stderr).to.equal("");
    const { stdout } = demo;
    // Plain text where nobody sees colours.
    expect(stdout).to.not.include("\u001b");
    expect(stdout.match(/^\d+\. .*$/gm)).to.deep.equal([
      "1. A chain, and the contracts on it",
      "2. A model",
      "3. A pool, and a day of trades",
      "4. An operator, in a process of its own",
      "5. The pool asks",
      "6. The operator answers",
      "7. The window passes",
      "8. Everybody is paid",
      "9. An hour later a newcomer undercuts everybody, and lies",
      "10. The pool asks",
      "11. The first operator watches, and has run the model as well",
      "12. An honest operator answers again",
      "13. The window passes",
      "14. Gas and time",
    ]);
    const [, before, now] = /fee +(\d\.\d\d) % before, (\d\.\d\d) % now/.exec(stdout) ?? [];
    const [, volatility] = /volatility +(\d\.\d\d) % an hour/.exec(stdout) ?? [];
    expect(before).to.equal("0.30");
    // The pool's own rule: 0.3 times the volatility.
    expect(Math.abs(Number(now) - 0.3 * Number(volatility))).to.be.lessThanOrEqual(0.01);
    expect(now).to.not.equal(before);
    expect(stdout).to.include(`Final: the fee of ${now} % is settled`);
    expect(stdout)
      .to.match(/Provisional, canonical, disputable program/)
      .and.match(/answers +canonical, disputable program/);
    const operator = /assigned to +(0x\w{40})/.exec(stdout)?.[1] ?? "";
    expect(stdout.toLowerCase()).to.include(`withdrew 0.0097 eth to ${operator.toLowerCase()}`);
    expect(stdout).to.include("withdraws a royalty of 0.0005 ETH");
    for (const step of ["register the model", "ask", "answer, with callback", "make final, with callback"]) {
      expect(stdout).to.match(new RegExp(`^ +${step} +[\\d,]+ gas +\\d+\\.\\d\\d s$`, "m"));
    }
    // The README shows what it prints, but for addresses and figures.
    const readme = readFileSync(README, "utf8");
    const excerpts = ["5. The pool asks", "11. The first operator watches"].map(
      (start) => readme.match(new RegExp(`^\`\`\`text\\n(${start}[^\`]*)\`\`\`$`, "m"))?.[1] ?? "none",
    );
    const shape = (text: string) => text.replaceAll(/0x\w+/g, "0x").replaceAll(/\d[\d,.]*/g, "0");
    for (const excerpt of excerpts) expect(shape(stdout)).to.include(shape(excerpt));
    // The lie moved the fee, the rejection takes it back, and the second answer leaves the pool with the right one.
    const fees = [...stdout.matchAll(/fee +(\d\.\d\d) % before, (\d\.\d\d) % now/g)];
    expect(fees.map(([, from, to]) => [from === now, to === now])).to.deep.equal([
      [false, true],
      [true, false],
      [true, true],
    ]);
    expect(stdout).to.match(/verdict +chunk \d+ of the trace is not what the program gives \(Element\)/);
    expect(stdout).to.include(`Rejected: the pool's fee is ${now} % again`);
    expect(stdout.match(/Final: the fee of (\S+) % is settled/g)).to.deep.equal(
      Array(2).fill(`Final: the fee of ${now} % is settled`),
    );
    expect(stdout).to.match(/\nDone in \d+\.\d\d s\. Nothing is left running\.\n$/);
  });

  it("stops when it is interrupted, and takes the operator along", async () => {
    const demo = demos.interrupted;
    expect(await demo.ended()).to.equal(130);
    expect(await demo.isGone()).to.equal(true);
    expect(demo.stderr).to.equal("\nerror: stopped by SIGINT\n");
  });

  it("fails with the end of the operator's log when that dies", async () => {
    const demo = demos.orphaned;
    expect(await demo.ended()).to.equal(1);
    expect(await demo.isGone()).to.equal(true);
    expect(demo.stderr).to.match(/^\nerror: the operator's process ended while the demo waited for \w/);
    expect(demo.stderr).to.match(/\nThe end of the operator's log:\n(.*\n)*.*"msg":"started"/);
  });
});
