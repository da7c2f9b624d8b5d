// Gas of a request's life in steady state: secp256k1, 128 bytes in, 96 bytes out, royalty on, one callback at Asserted
// that overwrites a non-zero slot. Chain, keys, times and payloads are fixed, so the figures are too.
import { cpus } from "node:os";
import { hexlify, parseEther } from "ethers";
import { artifacts } from "hardhat";
import {
  type Asked,
  artefactSpec,
  callbacks,
  deployWorld,
  eventsOf,
  mined,
  type Operator,
  type Signed,
  type World,
} from "../../test/coordinator/world.ts";
import type { BenchConsumer } from "../../types/index.ts";
import { Random } from "../models/random.ts";

const SEED = 1n;
const ROUNDS = 9;
const BATCH_ROUNDS = 3;
const BATCHES = [10, 100];
const START = Date.UTC(2026, 0, 1) / 1000;
const DAY = 86_400;
const BLOCK_SECONDS = 12;
const WINDOW_SECONDS = 3_600;

const INPUT_BYTES = 128;
const OUTPUT_BYTES = 96;
const POLICY = callbacks({ provisional: true }, { callbackGas: 50_000, callbackGasPrice: 1n });
const VALUE = parseEther("0.01");

const TARGETS: Readonly<Record<string, number>> = {
  "request.gas": 65_000,
  "request.consumer.gas": 75_000,
  "assert.gas": 95_000,
  "finalise.gas": 50_000,
};

const CONTRACTS = ["InferenceCoordinator", "ModelRegistry", "DisputeGame", "Verdict", "Lens"];

/** Gas per request by call, and bytes of code by contract. */
type Figures = Record<string, number>;

/** Prints the table and returns its figures. */
export async function bench(): Promise<Figures> {
  const runner = await Runner.create();
  const figures = { ...(await runner.singles()), ...(await runner.batches()), ...(await codeSizes()) };
  console.log(`Hardhat's in-process network (osaka), Node ${process.version}, ${cpus()[0]?.model}, seed ${SEED}`);
  console.log(`gas per request: median of ${ROUNDS} calls, or of ${BATCH_ROUNDS} batches; bytes of runtime code\n`);
  for (const [name, figure] of Object.entries(figures)) console.log(row(name, figure, TARGETS[name]));
  return figures;
}

function row(name: string, figure: number, target: number | undefined): string {
  const line = `${name.padEnd(34)}${figure.toLocaleString("en").padStart(8)}`;
  if (target === undefined) return line;
  return `${line}   target ${target.toLocaleString("en")}${figure > target ? " MISSED" : ""}`;
}

class Runner {
  private readonly world: World;
  private readonly operator: Operator;
  private readonly modelId: string;
  private readonly consumer: BenchConsumer;
  private readonly random = new Random(SEED);
  private now = START + DAY;

  private constructor(world: World, operator: Operator, modelId: string, consumer: BenchConsumer) {
    this.world = world;
    this.operator = operator;
    this.modelId = modelId;
    this.consumer = consumer;
  }

  static async create(): Promise<Runner> {
    const world = await deployWorld({ start: START });
    const operator = await world.enlist(world.signer(1), parseEther("1000"));
    const modelId = await world.register(world.signer(2), artefactSpec(world.signer(2).address));
    await world.coordinator.connect(operator.account).setOffer(modelId, 1_000n, 60n, 0n, 200n);
    const consumer = await world.connection.ethers.deployContract("BenchConsumer", [world.address, modelId, POLICY]);
    const runner = new Runner(world, operator, modelId, consumer);
    // The first of its kind writes slots that every later one overwrites.
    await runner.single();
    return runner;
  }

  async singles(): Promise<Figures> {
    const rounds = [];
    for (let i = 0; i < ROUNDS; i++) rounds.push(await this.single());
    return medians(rounds);
  }

  async batches(): Promise<Figures> {
    const figures: Figures = {};
    for (const size of BATCHES) {
      const rounds = [];
      for (let i = 0; i < BATCH_ROUNDS; i++) rounds.push(await this.batch(size));
      Object.assign(figures, medians(rounds));
    }
    return figures;
  }

  private async single(): Promise<Figures> {
    await this.pass(BLOCK_SECONDS);
    const direct = await this.world.ask(this.modelId, { policy: POLICY, fee: VALUE, input: this.payload(INPUT_BYTES) });
    const asked = await this.ask();
    const signed = this.sign(asked);
    await this.pass(BLOCK_SECONDS);
    const asserted = await mined(this.world.assert(asked, signed, this.operator.account));
    this.expectDelivered(asserted, 1);
    await this.pass(WINDOW_SECONDS);
    const final = { ...signed, output: "0x" };
    const finalised = await mined(this.world.finalise(asked, final, this.operator.account));
    return {
      "request.gas": Number(direct.receipt.gasUsed),
      "request.consumer.gas": Number(asked.receipt.gasUsed),
      "assert.gas": Number(asserted.gasUsed),
      "finalise.gas": Number(finalised.gasUsed),
    };
  }

  private async batch(size: number): Promise<Figures> {
    const items: { asked: Asked; signed: Signed }[] = [];
    for (let i = 0; i < size; i++) {
      const asked = await this.ask();
      items.push({ asked, signed: this.sign(asked) });
    }
    const coordinator = this.world.coordinator.connect(this.operator.account);
    await this.pass(BLOCK_SECONDS);
    const asserted = await mined(
      coordinator.assertResults(items.map(({ asked, signed }) => ({ request: asked.request, ...signed }))),
    );
    this.expectDelivered(asserted, size);
    await this.pass(WINDOW_SECONDS);
    const finalised = await mined(
      coordinator.finaliseBatch(
        items.map(({ asked, signed }) => ({ request: asked.request, ...signed, output: "0x" })),
      ),
    );
    return {
      [`batch${size}.assert.gas`]: Math.round(Number(asserted.gasUsed) / size),
      [`batch${size}.finalise.gas`]: Math.round(Number(finalised.gasUsed) / size),
    };
  }

  /** A request through the consumer. */
  private async ask(): Promise<Asked> {
    await this.pass(BLOCK_SECONDS);
    const value = VALUE + 50_000n;
    const sent = this.consumer.ask([this.payload(INPUT_BYTES)], { value });
    return this.world.asked(await mined(sent));
  }

  private sign(asked: Asked): Signed {
    const answer = {
      operator: this.operator.address,
      issuedAt: BigInt(this.now),
      traceRoot: hexlify(this.bytes(32)),
    };
    return this.world.signAnswer(asked, answer, this.payload(OUTPUT_BYTES), this.operator.key);
  }

  /** A callback that failed would look cheap. */
  private expectDelivered(receipt: Asked["receipt"], count: number): void {
    const delivered = eventsOf(receipt, this.world.coordinator).filter(({ name }) => name === "Delivered").length;
    if (delivered !== count) throw new Error(`${delivered} of ${count} callbacks went through`);
  }

  private async pass(seconds: number): Promise<void> {
    this.now += seconds;
    await this.world.at(this.now);
  }

  private payload(length: number): string {
    return hexlify(this.bytes(length));
  }

  /** Non-zero, the dearer kind of calldata. */
  private bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => 1 + this.random.below(255));
  }
}

async function codeSizes(): Promise<Figures> {
  const sizes = CONTRACTS.map(async (name) => {
    const { deployedBytecode } = await artifacts.readArtifact(name);
    return [`${name}.bytes`, deployedBytecode.length / 2 - 1];
  });
  return Object.fromEntries(await Promise.all(sizes));
}

function medians(rounds: Figures[]): Figures {
  const names = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, median(rounds.map((round) => round[name] ?? Number.NaN))]));
}

/** Of an odd number of values. */
function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
