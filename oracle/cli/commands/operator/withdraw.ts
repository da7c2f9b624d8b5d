import type { Command } from "commander";
import { formatEth, parseAddress } from "../../amounts.ts";
import { CommandError } from "../../errors.ts";
import type { Tools } from "../../ports.ts";
import { act, subcommand } from "./act.ts";

interface Options {
  readonly to?: string;
}

export function addWithdraw(operator: Command, tools: Tools): void {
  subcommand(operator, "withdraw", "take out what was earned")
    .option("--to <address>", "where to, if not to the operator", parseAddress)
    .action(({ to }: Options, command: Command) =>
      act(tools, command, async (session, { operator: { address } }) => {
        const { owedWei } = await session.operator(address);
        if (owedWei === 0n) throw new CommandError(`nothing is owed to ${address}`);
        const recipient = to ?? address;
        const done = `withdrew ${formatEth(owedWei)} to ${recipient}`;
        return { call: session.calls.withdraw(recipient), done, byOperatorOnly: true };
      }),
    );
}
