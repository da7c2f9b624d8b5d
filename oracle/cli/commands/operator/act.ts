/** What the operator's commands share: one transaction, by the right account, or shown for another wallet to send. */
import type { Command } from "commander";
import type { Config } from "../../../config/schema.ts";
import { formatEth, sameAddress } from "../../amounts.ts";
import { configOf, type KeyOptions, openAccount, withKeyOptions, withSession } from "../../context.ts";
import { CommandError } from "../../errors.ts";
import type { Account, PaidCall, Session, Tools } from "../../ports.ts";

export type ActOptions = KeyOptions & { readonly print?: boolean };

/** What a command sends, and what it says afterwards. */
export interface Step {
  readonly call: PaidCall;
  readonly done: string;
  /** The contracts take the call from the staking account only. */
  readonly byOperatorOnly: boolean;
}

/** A subcommand with the options that all of them have. */
export function subcommand(operator: Command, name: string, description: string): Command {
  return withKeyOptions(operator.command(name).description(description)).option(
    "--print",
    "show the transaction for another wallet to send, and send nothing",
  );
}

/** Builds a transaction and sends or shows it. */
export async function act(
  tools: Tools,
  command: Command,
  build: (session: Session, config: Config) => Step | Promise<Step>,
): Promise<void> {
  const config = configOf(command);
  const options = command.opts<ActOptions>();
  await withSession(tools, config, async (session) => {
    const { call, done, byOperatorOnly } = await build(session, config);
    if (options.print) {
      const { to, data, valueWei } = call;
      console.log(JSON.stringify({ from: config.operator.address, to, data, value: valueWei.toString() }));
      return;
    }
    const account = await openAccount(session, config, options);
    if (byOperatorOnly) checkIsOperator(account, config);
    const { transactionHash, costWei } = await account.send(call);
    console.log(`${done}; transaction ${transactionHash}, gas ${formatEth(costWei)}`);
  });
}

function checkIsOperator({ address }: Account, { operator }: Config): void {
  if (sameAddress(address, operator.address)) return;
  throw new CommandError(
    `this is for the operator ${operator.address}, and the key is ${address}: give the operator's with --keystore, or see with --print what to send`,
  );
}
