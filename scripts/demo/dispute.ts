/** The second act: an operator lies, is found out, and pays. */
import { readFileSync } from "node:fs";
import { formatEther, type Log, parseEther, Wallet } from "ethers";
import { coordinatorAt, disputeGameAt } from "../../oracle/chain/contracts.ts";
import { requestFromAbi } from "../../oracle/chain/ids.ts";
import { domainOf, signKeyBinding } from "../../oracle/chain/typedData.ts";
import { formatEth } from "../../oracle/cli/amounts.ts";
import { GROUNDS } from "../../oracle/dispute/event.ts";
import type { Hex } from "../../oracle/vm/keccak.ts";
import { disputeNode } from "../../test/dispute/disputeNode.ts";
import { flipAndRecompute } from "../../test/dispute/lies.ts";
import { LyingEngine } from "../../test/dispute/lyingEngine.ts";
import { compiled } from "../../test/programs.ts";
import { recordingLogger } from "../../test/recordingLogger.ts";
import type { DisputeGame } from "../../types/index.ts";
import { type Market, mined } from "./market.ts";
import { ask, finish, showAnswer } from "./request.ts";
import { MODELS, type Scene, until, WINDOW_S } from "./scene.ts";
import { formatPercent } from "./story.ts";

const HOUR_S = 3600;
const STAKE = parseEther("2");
const PRICE_GWEI = 1_000_000n;
/** Too little for the honest operator's offer. */
const FEE = parseEther("0.002");
/** A bit of the last layer but one; what follows from it is computed faithfully. */
const LIE = { chunk: 14, bit: 25 };

/** What happens in a dispute, in the words of the story. */
const MOVES: Readonly<Record<string, string>> = {
  Opened: "opens a dispute",
  Committed: "commits to a trace and shows its nodes",
  Picked: "asks for the first wrong one",
  Revealed: "shows its 256 bytes",
  Refuted: "has the chain recompute it",
};

export async function dispute(
  scene: Scene,
  market: Market,
  { modelId, honest }: { readonly modelId: Hex; readonly honest: string },
): Promise<void> {
  const { story, chain } = scene;
  story.chapter("An hour later a newcomer undercuts everybody, and lies");
  const { provider } = chain.rich;
  await provider.send("evm_increaseTime", [HOUR_S]);
  // The chain's time is ahead of this machine's now: it has to go on by itself.
  await provider.send("evm_setIntervalMining", [1_000]);
  const liar = await startLiar(scene, modelId);
  story.fact("newcomer", `${liar}, stakes ${formatEth(STAKE)}, wants a fifth of the price`);

  const asked = await ask(scene, market, FEE);
  const { event } = await showAnswer(scene, market, asked);
  story.fact("truth", "is another one: a bit was flipped before the last layer");

  story.chapter("The first operator watches, and has run the model as well");
  const { arbiter } = chain.manifest.addresses;
  const game = disputeGameAt(arbiter, provider);
  await follow(scene, game, event.args.assertionId as Hex, { [liar]: "newcomer" });
  await showMoney(scene, game, liar);

  const { coordinator, anyone } = scene;
  const [requested] = await coordinator.queryFilter(coordinator.filters.Requested(asked.id), asked.block);
  if (requested === undefined) throw new Error("the request is gone");
  const { answer, output } = event.args;
  const { operator, issuedAt, traceRoot } = answer;
  const request = requestFromAbi(requested.args.request);
  await mined(coordinator.connect(anyone).deliver(request, { operator, issuedAt, traceRoot }, output));
  story.fact("callback", `Rejected: the pool's fee is ${formatPercent(await market.pool.fee())} again`);

  story.chapter("An honest operator answers again");
  const { answeredMs } = await showAnswer(scene, market, asked, honest);
  await provider.send("evm_increaseTime", [WINDOW_S]);
  await finish(scene, market, asked, answeredMs);
}

/** Returns the newcomer's address. */
async function startLiar({ running, chain }: Scene, modelId: Hex): Promise<string> {
  const { manifest, rich, url } = chain;
  const wallet = new Wallet(Wallet.createRandom().privateKey, rich.provider);
  await (await rich.sendTransaction({ to: wallet.address, value: parseEther("10") })).wait();
  const coordinator = coordinatorAt(manifest.addresses.coordinator, wallet);
  const domain = domainOf(BigInt(manifest.chainId), manifest.addresses.coordinator);
  await mined(coordinator.stake({ value: STAKE }));
  await mined(coordinator.addKey(await signKeyBinding(wallet, domain, wallet.address)));
  await mined(coordinator.setOffer(modelId, PRICE_GWEI, 30, 0, 2_000));
  await mined(coordinator.setLive(true));
  const artefact = `${MODELS}/volatility.onnx`;
  const { program } = compiled(readFileSync(artefact));
  const canonical = new LyingEngine({ lie: flipAndRecompute(LIE.chunk, LIE.bit) }, program);
  const executor = {
    run: async (...args: Parameters<LyingEngine["run"]>) => [...(await canonical.run(...args)).outputs],
  };
  const answers = { operator: wallet.address, models: [modelId] };
  const settings = { url, manifest, privateKey: wallet.privateKey, artefact, answers };
  const { logger } = recordingLogger();
  const node = await disputeNode(settings, { executor, canonical, logger });
  running.liar = node;
  node.start();
  return wallet.address;
}

/** Shows every move as it is made, to the refutation. */
async function follow(
  scene: Scene,
  game: DisputeGame,
  assertionId: Hex,
  names: Readonly<Record<string, string>>,
): Promise<void> {
  const { story, chain } = scene;
  const { provider } = chain.rich;
  const shown = new Set<string>();
  const startedMs = performance.now();
  let gas = 0n;
  const read = async () => {
    const filter = { address: chain.manifest.addresses.arbiter, topics: [null, assertionId], fromBlock: 0 };
    return (await provider.getLogs(filter)).filter(
      ({ transactionHash, index }) => !shown.has(`${transactionHash}${index}`),
    );
  };
  const show = async (log: Log): Promise<boolean> => {
    shown.add(`${log.transactionHash}${log.index}`);
    const event = game.interface.parseLog(log);
    const words = MOVES[event?.name ?? ""];
    if (event === null || words === undefined) return false;
    const receipt = await log.getTransactionReceipt();
    gas += receipt.gasUsed;
    const session = event.args.toObject().session;
    const clocks = session === undefined ? "" : `; clocks ${session.ownerClock} s, ${session.operatorClock} s`;
    const who = names[receipt.from] ?? "watcher";
    story.fact(who, `${words} (${receipt.gasUsed.toLocaleString("en")} gas${clocks})`);
    if (event.name !== "Refuted") return false;
    const { ground, chunk } = event.args;
    story.fact("verdict", `chunk ${chunk} of the trace is not what the program gives (${GROUNDS[Number(ground)]})`);
    return true;
  };
  await until(scene, "the refutation", async () => {
    for (const log of await read()) if (await show(log)) return true;
    return undefined;
  });
  story.step("dispute", "is over", { what: "dispute, all moves", gas, ms: performance.now() - startedMs });
}

async function showMoney({ story, coordinator, chain }: Scene, game: DisputeGame, liar: string): Promise<void> {
  const { stake } = await coordinator.operatorOf(liar);
  const [slashed] = await coordinator.queryFilter(coordinator.filters.Slashed(liar));
  const { amount, burned } = slashed?.args ?? { amount: 0n, burned: 0n };
  story.fact(
    "newcomer",
    `had ${formatEth(STAKE)} of stake, has ${formatEth(stake)}: ${formatEther(burned)} ETH are burned`,
  );
  const [claimed] = await game.queryFilter(game.filters.Claimed(), 0);
  const won = (claimed?.args.amount ?? 0n) - chain.manifest.dispute.challengeBond;
  story.fact("watcher", `has its bond back, and ${formatEth(won)} of the ${formatEth(amount)} for gas and trouble`);
}
