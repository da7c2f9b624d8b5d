/** assay start: runs the node. */
import type { Command } from "commander";
import { configOf } from "../context.ts";
import { readPassword } from "../password.ts";
import type { Tools } from "../ports.ts";

const EXAMPLES = `
Runs until SIGINT or SIGTERM, then finishes what it is doing and exits 0. A second signal ends it at once; the next start
goes on where it stopped.

Examples:
  assay start
  assay start --config /etc/assay/assay.yaml | tee node.log`;

export function addStart(program: Command, { start }: Tools): void {
  program
    .command("start")
    .description("answer requests")
    .addHelpText("after", EXAMPLES)
    .action(async (_options: object, command: Command) => {
      const config = configOf(command);
      const { file, passwordFile } = config.keystore;
      await start(config, await readPassword(passwordFile, `Password of ${file}`));
    });
}
