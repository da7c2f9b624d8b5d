/** assay operator: what an operator does on chain besides answering. */
import type { Command } from "commander";
import type { Tools } from "../../ports.ts";
import { addExit } from "./exit.ts";
import { addKey } from "./key.ts";
import { addLive } from "./live.ts";
import { addOffer } from "./offer.ts";
import { addStake } from "./stake.ts";
import { addWithdraw } from "./withdraw.ts";

const EXAMPLES = `
Stake, exits, keys and withdrawals are the staking account's alone: if that is not the configured key, give its keystore
with --keystore, or see with --print what another wallet has to send. Offers and live take the configured key too.

Examples:
  assay operator stake 1.5
  assay operator key                      lets the configured key sign
  assay operator key --retire 0x...
  assay operator offer 0x... --price-gwei 50000 --latency 30
  assay operator offer 0x... --remove
  assay operator live on
  assay operator exit 0.5                 and after the delay:
  assay operator exit --complete
  assay operator withdraw`;

export function addOperator(program: Command, tools: Tools): void {
  const operator = program
    .command("operator")
    .description("stake, sign, offer and withdraw")
    .addHelpText("after", EXAMPLES);
  for (const add of [addStake, addKey, addOffer, addLive, addExit, addWithdraw]) add(operator, tools);
}
