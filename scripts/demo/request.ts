/** A request's life, as the story shows it. */
import { parseEther, parseUnits } from "ethers";
import { formatEth } from "../../oracle/cli/amounts.ts";
import { labelSemantics } from "../../oracle/cli/semantics.ts";
import { unpack } from "../../oracle/model/tensor.ts";
import { fromHex, type Hex } from "../../oracle/vm/keccak.ts";
import { type Market, mined } from "./market.ts";
import { type Scene, until } from "./scene.ts";
import { formatPercent } from "./story.ts";

const FEE = parseEther("0.01");
export const CALLBACK_GAS = 100_000;
export const CALLBACK_GAS_PRICE = parseUnits("1", "gwei");

export interface Asked {
  readonly id: string;
  readonly block: number;
  /** Of the request, on this process's clock. */
  readonly minedMs: number;
}

/** @param fee what is left when the callbacks are paid */
export async function ask({ story, coordinator, anyone }: Scene, { pool }: Market, fee = FEE): Promise<Asked> {
  story.chapter("The pool asks");
  const value = fee + 2n * BigInt(CALLBACK_GAS) * CALLBACK_GAS_PRICE;
  story.fact("requestFee()", `called by ${anyone.address}, who pays ${formatEth(value)}`);
  const startedMs = performance.now();
  const receipt = await mined(pool.connect(anyone).requestFee({ value }));
  const minedMs = performance.now();
  const [event] = await coordinator.queryFilter(coordinator.filters.Requested(), receipt.blockNumber);
  if (event === undefined) throw new Error("the pool made no request");
  const { requestId, operator } = event.args;
  story.step("request", requestId, { what: "ask", gas: receipt.gasUsed, ms: minedMs - startedMs });
  story.fact("assigned to", operator);
  return { id: requestId, block: receipt.blockNumber, minedMs };
}

/**
 * Waits for an answer and shows it, and what the pool makes of it.
 * @param operator whose; by default the first one
 */
export async function showAnswer(scene: Scene, market: Market, asked: Asked, operator?: string) {
  const { story, coordinator } = scene;
  const before = { fee: (await market.pool.fees()).settled, proceeds: await market.proceeds(asked.block) };
  const { Asserted } = coordinator.filters;
  const event = await until(scene, "an answer", async () =>
    (await coordinator.queryFilter(Asserted(asked.id, undefined, operator), asked.block)).at(0),
  );
  const answeredMs = performance.now();
  const receipt = await event.getTransactionReceipt();
  const [volatility = Number.NaN] = unpack("f32", fromHex(event.args.output as Hex));
  story.fact("volatility", `${formatPercent(volatility * 1e6)} an hour`);
  const cost = { what: "answer, with callback", gas: receipt.gasUsed, ms: answeredMs - asked.minedMs };
  story.step("asserted", `in block ${receipt.blockNumber}`, cost);
  const { FeeProposed } = market.pool.filters;
  const proposed = await until(scene, "the pool to be told", async () =>
    (await market.pool.queryFilter(FeeProposed(asked.id), receipt.blockNumber)).at(0),
  );
  const { fee, disputable } = proposed.args;
  story.fact("callback", `Provisional, ${labelSemantics(Number(disputable))}: the pool changes its fee`);
  story.fact("fee", `${formatPercent(before.fee)} before, ${formatPercent(fee)} now`);
  story.fact("1 WETH", `fetched ${before.proceeds} USDC before, ${await market.proceeds()} now`);
  return { event, answeredMs };
}

export async function finish(scene: Scene, market: Market, asked: Asked, answeredMs: number): Promise<void> {
  const { story, coordinator } = scene;
  story.chapter("The window passes");
  const { Finalised } = coordinator.filters;
  const event = await until(scene, "the answer to be final", async () =>
    (await coordinator.queryFilter(Finalised(asked.id), asked.block)).at(0),
  );
  const receipt = await event.getTransactionReceipt();
  const cost = { what: "make final, with callback", gas: receipt.gasUsed, ms: performance.now() - answeredMs };
  story.step("final", `in block ${receipt.blockNumber}, by the operator`, cost);
  const [settled] = await market.pool.queryFilter(market.pool.filters.FeeSettled(asked.id), receipt.blockNumber);
  if (settled === undefined) throw new Error("the pool was not told");
  story.fact("callback", `Final: the fee of ${formatPercent(settled.args.fee)} is settled`);
}
