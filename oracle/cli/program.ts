/** The command line: its commands, its errors and its exit codes. */
import { Command, CommanderError } from "commander";
import { addDoctor } from "./commands/doctor.ts";
import { addInit } from "./commands/init.ts";
import { addModel } from "./commands/model/model.ts";
import { addOperator } from "./commands/operator/operator.ts";
import { addRequest } from "./commands/request.ts";
import { addStart } from "./commands/start.ts";
import { addStatus } from "./commands/status.ts";
import { addVerify } from "./commands/verify.ts";
import { DEFAULT_CONFIG } from "./context.ts";
import { EXIT, UncheckedError, UsageError } from "./errors.ts";
import { PASSWORD_VARIABLE } from "./password.ts";
import type { Tools } from "./ports.ts";

const HELP = `
Exit codes: 0 done, 1 failed, 2 called wrongly, 3 not to be found out (verify).
${PASSWORD_VARIABLE} holds the keystore's password unless a password file is configured.

An operator's first steps:
  assay init --manifest manifest.json --rpc https://...
  assay operator stake 1 && assay operator key && assay operator live on
  assay operator offer MODEL --price-gwei 1000
  assay doctor
  assay start`;

/**
 * Runs one command.
 * @param argv the arguments after the program's name
 * @returns the exit code
 */
export async function run(argv: readonly string[], tools: Tools): Promise<number> {
  const program = createProgram(tools);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return EXIT.ok;
  } catch (error) {
    // Commander has said what is wrong, or has shown the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    report(error, program.opts<{ verbose?: boolean }>().verbose === true);
    if (error instanceof UncheckedError) return EXIT.unverifiable;
    return error instanceof UsageError ? EXIT.usage : EXIT.failure;
  }
}

function createProgram(tools: Tools): Command {
  const program = new Command("assay")
    .description("An inference oracle for EVM chains: run an operator, register models, ask for answers.")
    .option("-c, --config <file>", "the node's configuration", DEFAULT_CONFIG)
    .option("--verbose", "show where an error comes from")
    .addHelpText("after", HELP)
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError("(add --help for the usage)")
    .exitOverride();
  for (const add of [addInit, addStart, addStatus, addDoctor, addModel, addOperator, addRequest, addVerify])
    add(program, tools);
  return program;
}

function report(error: unknown, isVerbose: boolean): void {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  console.error(`error: ${message}`);
  if (!isVerbose) return;
  console.error(stack);
  for (let cause = (error as Error).cause; cause instanceof Error; cause = cause.cause)
    console.error("caused by", cause);
}
