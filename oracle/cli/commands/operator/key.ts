import type { Command } from "commander";
import { parseAddress } from "../../amounts.ts";
import { openAccount } from "../../context.ts";
import type { Tools } from "../../ports.ts";
import { act, subcommand } from "./act.ts";

interface Options {
  readonly retire?: string;
}

export function addKey(operator: Command, tools: Tools): void {
  subcommand(operator, "key", "let the configured key sign for the operator, or retire a key")
    .option(
      "--retire <address>",
      "end this key instead; what it signed stays slashable for the exit delay",
      parseAddress,
    )
    .action(({ retire }: Options, command: Command) =>
      act(tools, command, async (session, config) => {
        if (retire !== undefined) {
          return { call: session.calls.retireKey(retire), done: `retired the key ${retire}`, byOperatorOnly: true };
        }
        const key = await openAccount(session, config, {});
        const consent = await key.signKeyBinding(config.operator.address);
        const done = `the key ${key.address} signs for ${config.operator.address}`;
        return { call: session.calls.addKey(consent), done, byOperatorOnly: true };
      }),
    );
}
