import type { Command } from "commander";
import { formatEth, parseEth } from "../../amounts.ts";
import type { Tools } from "../../ports.ts";
import { act, subcommand } from "./act.ts";

export function addStake(operator: Command, tools: Tools): void {
  subcommand(operator, "stake", "add to the stake")
    .argument("<eth>", "how much, such as 1.5", parseEth)
    .action((amountWei: bigint, _options: object, command: Command) =>
      act(tools, command, ({ calls }) => ({
        call: calls.stake(amountWei),
        done: `staked ${formatEth(amountWei)}`,
        byOperatorOnly: true,
      })),
    );
}
