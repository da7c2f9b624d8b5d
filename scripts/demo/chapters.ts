/** The story of the demo, a function for each chapter, in order. */
import { readFileSync } from "node:fs";
import { parseEther, sha256 } from "ethers";
import { coordinatorAt, modelRegistryAt } from "../../oracle/chain/contracts.ts";
import { formatManifest } from "../../oracle/chain/manifest.ts";
import { kernelSpec, modelId, specToAbi } from "../../oracle/chain/modelSpec.ts";
import { POLICY, packWord } from "../../oracle/chain/words.ts";
import { formatEth } from "../../oracle/cli/amounts.ts";
import { describeSemantics } from "../../oracle/cli/semantics.ts";
import type { Hex } from "../../oracle/vm/keccak.ts";
import { configure, freePort, startChain, Workspace } from "../../test/assay.ts";
import { compiled } from "../../test/programs.ts";
import { dispute } from "./dispute.ts";
import { DAY, Market, mined } from "./market.ts";
import { type Asked, ask, CALLBACK_GAS, CALLBACK_GAS_PRICE, finish, showAnswer } from "./request.ts";
import { MODELS, type Running, type Scene, until, WINDOW_S } from "./scene.ts";
import { formatPercent, type Story } from "./story.ts";

const HOUR_S = 3600;
/** More than everything before the operator takes. */
const STARTING_S = 120;
const ROYALTY_BPS = 500;

/** @param running filled as things start */
export async function tell(story: Story, running: Running): Promise<void> {
  story.title("Assay: a contract asks a model, an operator answers, the contract acts on the answer.");
  const scene = await openChain(story, running);
  const id = await registerModel(scene);
  const market = await openMarket(scene, id);
  const operator = await startOperator(scene, id);
  const request = await ask(scene, market);
  const answeredMs = await answer(scene, market, request);
  await finish(scene, market, request, answeredMs);
  await pay(scene, operator);
  await dispute(scene, market, { modelId: id, honest: operator });
  await stop(scene);
  story.chapter("Gas and time");
  story.table();
}

async function openChain(story: Story, running: Running): Promise<Scene> {
  story.chapter("A chain, and the contracts on it");
  // A day and a bit ago, so that a day of trades ends now.
  running.chain = await startChain(WINDOW_S, new Date(Date.now() - (DAY.length * HOUR_S + STARTING_S) * 1000));
  const { chain } = running;
  const { addresses, chainId } = chain.manifest;
  story.fact("node", `Hardhat on ${chain.url}, chain ${chainId}`);
  story.fact("coordinator", addresses.coordinator);
  story.fact("window", `${WINDOW_S} s in which an answer can be disputed before it is final`);
  story.fact("disputes", `${addresses.arbiter}, where anybody refutes a wrong answer`);
  const { provider } = chain.rich;
  const [owner, trader, anyone] = [
    await provider.getSigner(1),
    await provider.getSigner(2),
    await provider.getSigner(3),
  ];
  const coordinator = coordinatorAt(addresses.coordinator, anyone);
  return { story, running, chain, coordinator, owner, trader, anyone };
}

async function registerModel({ story, chain, owner }: Scene): Promise<Hex> {
  story.chapter("A model");
  const onnx = readFileSync(`${MODELS}/volatility.onnx`);
  const { program, spec: programSpec, rootPreimage } = compiled(onnx);
  const { inputs, outputs } = program;
  const artefact = { inputs, outputs, artefactHash: sha256(onnx) as Hex };
  const spec = kernelSpec({ ...artefact, owner: owner.address, salt: `0x${"00".repeat(32)}` }, programSpec);
  const startedMs = performance.now();
  const registry = modelRegistryAt(chain.manifest.addresses.modelRegistry, owner);
  const receipt = await mined(
    registry.register(specToAbi(spec), rootPreimage, ROYALTY_BPS, "https://example.org/volatility.onnx"),
  );
  const id = modelId(spec);
  story.fact("file", `models/volatility.onnx, ${onnx.length.toLocaleString("en")} bytes`);
  story.fact("in, out", "24 hourly log returns; the volatility of the next hour");
  story.fact("owner", `${owner.address}, royalty ${formatPercent(ROYALTY_BPS * 100)}`);
  story.step("id", id, { what: "register the model", gas: receipt.gasUsed, ms: performance.now() - startedMs });
  story.fact("program", `${spec.kernelCount} kernels, root ${spec.kernelRoot}`);
  story.fact("answers", describeSemantics(spec.semantics));
  return id;
}

async function openMarket({ story, chain, trader }: Scene, id: Hex): Promise<Market> {
  story.chapter("A pool, and a day of trades");
  const policy = packWord(POLICY, {
    provisional: true,
    final: true,
    callbackGas: CALLBACK_GAS,
    callbackGasPrice: CALLBACK_GAS_PRICE,
    answerPeriod: 600,
    minBond: 0n,
    atolClass: 0,
    rtolClass: 0,
  });
  const { coordinator } = chain.manifest.addresses;
  const market = await Market.open(trader, { coordinator, modelId: id, policy });
  story.fact("pool", `${await market.pool.getAddress()}, WETH and USDC`);
  story.fact("fee", `${formatPercent(await market.pool.fee())} of what comes in`);
  story.fact("price", `${await market.price()} USDC`);
  for (const change of DAY) {
    await chain.rich.provider.send("evm_increaseTime", [HOUR_S]);
    await market.trade(change);
  }
  // The operator's node goes by its own clock where blocks come on demand: from here on the chain's is the same.
  await chain.rich.provider.send("evm_setNextBlockTimestamp", [Math.ceil(Date.now() / 1000)]);
  await chain.rich.provider.send("evm_mine", []);
  const returns = await market.pool.hourlyReturns();
  const shown = returns.map((value) => (Number(value) / 1e16).toFixed(1));
  story.fact("24 returns", `${shown.slice(0, 12).join(" ")}`);
  story.fact("in per cent", shown.slice(12).join(" "));
  story.fact("price", `${await market.price()} USDC`);
  return market;
}

/** Returns the operator's address. */
async function startOperator({ story, running, chain }: Scene, id: Hex): Promise<string> {
  story.chapter("An operator, in a process of its own");
  running.workspace = new Workspace();
  const { workspace } = running;
  workspace.write("manifest.json", formatManifest(chain.manifest));
  const type = async (...args: string[]) => {
    story.say(`$ assay ${args.map((arg) => (arg === id ? `${id.slice(0, 10)}...` : arg)).join(" ")}`);
    await workspace.must(...args);
  };
  await type("init", "--rpc", chain.url, "--confirmations", "0");
  configure(workspace, {
    "  pollMs:": "  pollMs: 100",
    "  port:": `  port: ${await freePort()}`,
    "  models:": `  models: [{ id: "${id}", uris: ["file:volatility.onnx"] }]`,
    "  fileRoot:": `  fileRoot: ${JSON.stringify(MODELS)}`,
    "  enabled: false": "  enabled: true",
  });
  const operator = `0x${JSON.parse(workspace.read("keystore.json")).address}`;
  await (await chain.rich.sendTransaction({ to: operator, value: parseEther("10") })).wait();
  await type("operator", "stake", "2");
  await type("operator", "key");
  await type("operator", "offer", id, "--price-gwei", "5000000");
  await type("operator", "live", "on");
  story.say("$ assay start");
  running.node = workspace.start(["start"]);
  const { url } = await running.node.logged("started");
  await until({ running }, "it to be ready", async () => (await fetch(`${url}/ready`)).ok || undefined);
  story.fact("ready", `process ${running.node.child.pid}, ${url}/status`);
  return operator;
}

/** Returns when the answer was there, on this process's clock. */
async function answer(scene: Scene, market: Market, asked: Asked): Promise<number> {
  const { story } = scene;
  story.chapter("The operator answers");
  return (await showAnswer(scene, market, asked)).answeredMs;
}

async function pay({ story, running, coordinator, owner }: Scene, operator: string): Promise<void> {
  story.chapter("Everybody is paid");
  const [earned, royalty] = await Promise.all([coordinator.owedTo(operator), coordinator.owedTo(owner)]);
  story.fact("operator", `is owed ${formatEth(earned)}: the fee less the royalty, and two callbacks`);
  story.say("$ assay operator withdraw");
  const [withdrawn = ""] = (await running.workspace?.must("operator", "withdraw"))?.split(";") ?? [];
  story.say(withdrawn);
  const startedMs = performance.now();
  const receipt = await mined(coordinator.connect(owner).withdraw(owner));
  const cost = { what: "withdraw the royalty", gas: receipt.gasUsed, ms: performance.now() - startedMs };
  story.step("model owner", `withdraws a royalty of ${formatEth(royalty)}`, cost);
}

async function stop({ running: { node, liar } }: Scene): Promise<void> {
  await liar?.stop();
  node?.child.kill("SIGTERM");
  const ended = await node?.ended();
  if (ended?.code !== 0) throw new Error(`the operator ended with exit code ${ended?.code}`);
}
