import type { Command } from "commander";
import { formatEth, parseAddress, parseEth } from "../../amounts.ts";
import { UsageError } from "../../errors.ts";
import type { Tools } from "../../ports.ts";
import { act, subcommand } from "./act.ts";

interface Options {
  readonly complete?: boolean;
  readonly to?: string;
}

export function addExit(operator: Command, tools: Tools): void {
  subcommand(operator, "exit", "take stake out: ask, wait for the exit delay, complete")
    .argument("[eth]", "how much to ask for, such as 0.5", parseEth)
    .option("--complete", "send what was asked for, once the delay is over")
    .option("--to <address>", "with --complete: where to, if not to the operator", parseAddress)
    .action((amountWei: bigint | undefined, { complete = false, to }: Options, command: Command) =>
      act(tools, command, ({ calls, deployment }, config) => {
        if ((amountWei === undefined) !== complete) throw new UsageError("give either an amount or --complete");
        if (amountWei === undefined) {
          const recipient = to ?? config.operator.address;
          return { call: calls.completeExit(recipient), done: `sent to ${recipient}`, byOperatorOnly: true };
        }
        const done = `asked for ${formatEth(amountWei)}; complete it in ${deployment.exitDelayS} s`;
        return { call: calls.requestExit(amountWei), done, byOperatorOnly: true };
      }),
    );
}
