// Kills a node with SIGKILL at every failpoint in turn and starts it again: nothing is lost, nothing is done twice.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { parseEther } from "ethers";
import { formatManifest } from "../oracle/chain/manifest.ts";
import { POLICY, packWord } from "../oracle/chain/words.ts";
import { FAILPOINTS, type Failpoint, type Step } from "../oracle/failpoint.ts";
import type { Job, JobState } from "../oracle/store/port.ts";
import { Database } from "../oracle/store/sqlite/database.ts";
import { SqliteJobStore } from "../oracle/store/sqlite/jobs.ts";
import type { Hex } from "../oracle/vm/keccak.ts";
import { ask, deployed, type Registered, register, stakeOperator, type World } from "./fixture.ts";
import { type LogLine, NodeProcess } from "./oracle/child.ts";
import type { ProcessSettings } from "./oracle/operatorMain.ts";
import { FLAKY_INPUT, REFUSED_INPUT } from "./oracle/operatorNode.ts";
import { type RpcServer, serveRpc } from "./rpcServer.ts";

type Asked = { readonly requestId: Hex };

/** A request that makes the node pass the step, and the state in which its job ends. */
interface Errand {
  readonly ask: (scene: Scene) => Promise<Asked>;
  readonly end: JobState;
}

interface Scene {
  readonly world: World;
  readonly model: Registered;
  readonly server: RpcServer;
  readonly settings: ProcessSettings;
  /** Every node that was started: none may outlive the test. */
  readonly nodes: NodeProcess[];
}

/** Seconds after which the preset's window is over. */
const WINDOW_S = 11;
const POLL_MS = 50;
const ENDS: readonly string[] = ["done", "skipped", "failed", "expired", "dropped"];
const FINAL_CALLBACK = packWord(POLICY, {
  provisional: false,
  final: true,
  callbackGas: 500_000,
  callbackGasPrice: 10n ** 10n,
  answerPeriod: 3600,
  minBond: 0n,
  atolClass: 0,
  rtolClass: 0,
});
/** Modes of HostileConsumer. */
const ACCEPT = 0;
const REVERT = 1;

const input = (first: number) => [Uint8Array.from({ length: 128 }, (_, i) => (i === 0 ? first : i))];
let asked = 0;
const ordinary: Errand = { ask: ({ world, model }) => ask(world, model, { tensors: input(asked++) }), end: "done" };

/** Steps that a request makes the node take without anything going wrong on chain. */
const ERRANDS: Partial<Record<Step, Errand>> = {
  "store.bind": ordinary,
  "cursor.advance": ordinary,
  "job.computing": ordinary,
  "job.computed": ordinary,
  "job.asserting": ordinary,
  "job.asserted": ordinary,
  "job.finalising": ordinary,
  "job.done": ordinary,
  "tx.enqueue": ordinary,
  "tx.sign": ordinary,
  "tx.send": ordinary,
  "tx.finish": ordinary,
  "job.seen": { ask: ({ world, model }) => ask(world, model, { tensors: input(FLAKY_INPUT) }), end: "done" },
  "job.failed": { ask: ({ world, model }) => ask(world, model, { tensors: input(REFUSED_INPUT) }), end: "failed" },
  "job.skipped": { ask: ({ world, model }) => ask(world, model, { fee: 1n }), end: "skipped" },
  "job.expired": { ask: ({ world, model }) => ask(world, model, { policy: { answerPeriod: 5 } }), end: "expired" },
};

/** A course of events that makes the node pass the step. */
type Trouble = (scene: Scene, node: NodeProcess) => Promise<{ asked: Asked; end: JobState }>;

/** A reorganisation takes the request away while the transaction of its answer waits. */
const takenWhilePending: Trouble = async (scene, node) => {
  const send = (method: string, params: unknown[] = []) => scene.world.ethers.provider.send(method, params);
  const before = await send("evm_snapshot");
  const asked = await ordinary.ask(scene);
  await send("evm_setAutomine", [false]);
  await node.line("transaction sent");
  await send("evm_revert", [before]);
  await scene.world.networkHelpers.mine(3);
  return { asked, end: "dropped" };
};

/** A reorganisation takes request and answer away. */
const takenWhenAsserted: Trouble = async (scene, node) => {
  const before = await scene.world.ethers.provider.send("evm_snapshot", []);
  const asked = await ordinary.ask(scene);
  await node.line("asserted");
  await scene.world.ethers.provider.send("evm_revert", [before]);
  await scene.world.networkHelpers.mine(3);
  return { asked, end: "dropped" };
};

/** Another program sends from the node's account, with the nonce that the node gave to its own transaction. */
const nonceTaken: Trouble = async (scene, node) => {
  const { ethers, networkHelpers, signingKey } = scene.world;
  const asked = await ordinary.ask(scene);
  await ethers.provider.send("evm_setAutomine", [false]);
  await node.line("transaction sent");
  await signingKey.connect(ethers.provider).sendTransaction({ nonce: 0, to: signingKey.address, gasPrice: 10n ** 11n });
  await networkHelpers.mine(5);
  await ethers.provider.send("evm_setAutomine", [true]);
  return { asked, end: "done" };
};

/** The consumer's callback reverts when the answer becomes final, and works from then on. */
const callbackMissed: Trouble = async ({ world, model }, node) => {
  const { coordinator, ethers } = world;
  const consumer = await ethers.deployContract("HostileConsumer", [coordinator]);
  await consumer.behave(REVERT);
  await consumer.request(model.modelId, input(asked++), FINAL_CALLBACK, { value: parseEther("0.1") });
  const [event] = await coordinator.queryFilter(coordinator.filters.Requested(), "latest");
  if (event === undefined) throw new Error("no request was made");
  const isFinalisation = ({ keys }: LogLine) => String(keys).includes("/finalising/");
  await letTimePass(world, node.line("transaction over", isFinalisation));
  await consumer.behave(ACCEPT);
  return { asked: { requestId: event.args.requestId as Hex }, end: "done" };
};

const TROUBLES: Partial<Record<Step, Trouble>> = {
  "cursor.rewind": takenWhilePending,
  "job.dropped": takenWhilePending,
  "tx.cancel": takenWhilePending,
  "tx.reopen": takenWhenAsserted,
  "tx.requeue": nonceTaken,
  "job.delivering": callbackMissed,
};

const stepOf = (point: Failpoint) => point.slice(0, point.lastIndexOf(":")) as Step;

async function setUp(): Promise<Scene> {
  const world = await deployed();
  const model = await register(world);
  await stakeOperator(world);
  await world.networkHelpers.setBalance(world.signingKey.address, parseEther("1"));
  const server = await serveRpc(world.ethers.provider);
  const folder = mkdtempSync(join(tmpdir(), "assay-crash-"));
  const manifestFile = join(folder, "manifest.json");
  writeFileSync(manifestFile, formatManifest(world.manifest));
  const settings = {
    urls: [server.url],
    manifestFile,
    operator: world.operator.address,
    privateKey: world.signingKey.privateKey,
    models: [model.modelId],
    store: join(folder, "node.sqlite"),
  };
  return { world, model, server, settings, nodes: [] };
}

function start({ settings, nodes }: Scene, point?: Failpoint): NodeProcess {
  const node = new NodeProcess(settings, point);
  nodes.push(node);
  return node;
}

async function tearDown({ server, settings, nodes }: Scene): Promise<void> {
  await Promise.all(nodes.map((node) => node.kill()));
  await server.close();
  rmSync(dirname(settings.store), { recursive: true });
}

/** Lets windows pass as soon as something is asserted, until `until` resolves. */
async function letTimePass<T>({ coordinator, ethers }: World, until: Promise<T>): Promise<T> {
  const stop = new AbortController();
  const passing = (async () => {
    let passed = 0;
    while (!stop.signal.aborted) {
      const assertions = (await coordinator.queryFilter(coordinator.filters.Asserted())).length;
      if (assertions > passed) {
        // Relative to now, unlike a timestamp computed beforehand, which another block may overtake.
        await ethers.provider.send("evm_increaseTime", [WINDOW_S]);
        await ethers.provider.send("evm_mine", []);
      }
      passed = assertions;
      await sleep(POLL_MS);
    }
  })();
  try {
    return await until;
  } finally {
    stop.abort();
    await passing;
  }
}

describe("a node killed at a failpoint", () => {
  const outcomes: string[] = [];
  const noted = (point: Failpoint, outcome: string) => outcomes.push(`${point.padEnd(24)} ${outcome}`);

  after(() => {
    console.log(`\n      killed at                outcome after the restart\n      ${outcomes.join("\n      ")}\n`);
  });

  describe("of the ordinary course", () => {
    const points = FAILPOINTS.filter((point) => ERRANDS[stepOf(point)] !== undefined);
    const requests: { point: Failpoint; asked: Asked; end: JobState }[] = [];
    let scene: Scene;

    before(async () => {
      scene = await setUp();
    });
    after(() => tearDown(scene));

    // Each process also picks up what the one before left, and may be killed over that.
    for (const point of points) {
      it(`dies at ${point}`, async () => {
        const errand = ERRANDS[stepOf(point)] ?? ordinary;
        requests.push({ point, asked: await errand.ask(scene), end: errand.end });
        const node = start(scene, point);
        expect(await letTimePass(scene.world, node.ended)).to.equal("SIGKILL");
      });
    }

    it("ends every request as if nothing had happened", async () => {
      await finishAll(scene);
      const jobs = jobsOf(scene);
      for (const { point, asked, end } of requests) {
        noted(point, await expectEnd(scene, asked, end, await jobs(asked)));
      }
    });
  });

  describe("of a course that is not ordinary", () => {
    let scene: Scene;

    beforeEach(async () => {
      scene = await setUp();
    });
    afterEach(() => tearDown(scene));

    for (const [step, bring] of Object.entries(TROUBLES)) {
      it(`dies before and after ${step}`, async () => {
        const points = FAILPOINTS.filter((point) => stepOf(point) === step);
        const [first, ...others] = points;
        const node = start(scene, first);
        const { asked, end } = await bring(scene, node);
        expect(await letTimePass(scene.world, node.ended)).to.equal("SIGKILL");
        // What was not done before the first death has to be done after it.
        for (const point of others) {
          expect(await letTimePass(scene.world, start(scene, point).ended)).to.equal("SIGKILL");
        }

        await scene.world.ethers.provider.send("evm_setAutomine", [true]);
        const next = await ordinary.ask(scene);
        await finishAll(scene);
        const jobs = jobsOf(scene);
        const outcome = await expectEnd(scene, asked, end, await jobs(asked));
        await expectEnd(scene, next, "done", await jobs(next));
        for (const point of points) noted(point, outcome);
      });
    }

    it("passes every step", () => {
      // The node of this test is an operator alone, without the parts that watch and judge.
      const steps = new Set(FAILPOINTS.map(stepOf).filter((step) => !/^(watch|verdict)\./.test(step)));
      expect([...Object.keys(ERRANDS), ...Object.keys(TROUBLES)]).to.have.members([...steps]);
    });
  });
});

/** One answer and one payout if the job is done, none otherwise. Returns it in words. */
async function expectEnd({ world: { coordinator } }: Scene, { requestId }: Asked, end: JobState, job: Job | undefined) {
  const { length: assertions } = await coordinator.queryFilter(coordinator.filters.Asserted(requestId));
  const { length: finals } = await coordinator.queryFilter(coordinator.filters.Finalised(requestId));
  const times = end === "done" ? 1 : 0;
  expect([job?.state, assertions, finals]).to.deep.equal([end, times, times]);
  return `${end}, asserted ${times === 1 ? "once" : "never"}`;
}

/** Runs a node without failpoint until nothing is left to do, and checks that it sent nothing in vain. */
async function finishAll(scene: Scene): Promise<void> {
  const { world } = scene;
  const { coordinator, ethers, operator, signingKey } = world;
  const head = await ethers.provider.getBlockNumber();
  const node = start(scene);
  const isFinished = async () => {
    const status = node.last("status");
    if (status === undefined || Number(status.block) < head || status.openTxs !== 0) return false;
    const isOpen = Object.keys(status.jobs as object).some((state) => !ENDS.includes(state));
    return !isOpen && (await coordinator.owedTo(operator.address)) === 0n;
  };
  const finished = (async () => {
    while (!(await isFinished())) await sleep(POLL_MS);
  })();
  await letTimePass(world, Promise.race([finished, node.ended]));
  await node.stop();

  for (let number = await ethers.provider.getBlockNumber(); number >= world.manifest.block.number; number--) {
    for (const tx of (await ethers.provider.getBlock(number, true))?.prefetchedTransactions ?? []) {
      if (tx.from !== signingKey.address) continue;
      const receipt = await ethers.provider.getTransactionReceipt(tx.hash);
      expect(receipt?.status, `status of transaction ${tx.nonce}`).to.equal(1);
    }
  }
}

/** The jobs in the store of a node that has ended. */
function jobsOf({ settings }: Scene): (asked: Asked) => Promise<Job | undefined> {
  const store = new SqliteJobStore(new Database(settings.store));
  return ({ requestId }) => store.job(requestId);
}
