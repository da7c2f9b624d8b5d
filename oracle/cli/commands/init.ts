/** assay init: everything that a node needs before it can be configured further. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import type { Command } from "commander";
import { renderConfig } from "../../config/example.ts";
import { parseAddress, parseWhole } from "../amounts.ts";
import { DEFAULT_CONFIG } from "../context.ts";
import { CommandError } from "../errors.ts";
import { readNewPassword } from "../password.ts";
import type { Tools } from "../ports.ts";

const EXAMPLES = `
Examples:
  assay init                                   a configuration and a new key in this folder
  assay init node --manifest manifest.json --rpc https://rpc.example.org
  assay init --confirmations 0                 for a local chain
  assay init --keystore geth-key.json          with a key that exists
  assay init --operator 0x...                  the stake is another account's, such as a hardware wallet`;

interface Options {
  readonly manifest: string;
  readonly rpc: string[];
  readonly confirmations?: number;
  readonly operator?: string;
  readonly keystore?: string;
  readonly passwordFile?: string;
}

export function addInit(program: Command, { keystores }: Tools): void {
  program
    .command("init")
    .description("write a configuration, an encrypted key and a data folder")
    .argument("[folder]", "where to", ".")
    .option("--manifest <file>", "the deployment's manifest", "manifest.json")
    .option("--rpc <urls...>", "JSON-RPC endpoints", ["http://127.0.0.1:8545"])
    .option(
      "--confirmations <n>",
      "successors a request's block must have; 0 where blocks come on demand",
      parseWhole(0, 1_000),
    )
    .option("--operator <address>", "the account that stakes, if it is not the new key's", parseAddress)
    .option("--keystore <file>", "use this encrypted key instead of making one")
    .option("--password-file <file>", "a file whose first line is the key's password")
    .addHelpText("after", EXAMPLES)
    .action(async (folder: string, options: Options) => {
      const paths = {
        config: join(folder, DEFAULT_CONFIG),
        keystore: options.keystore ?? join(folder, "keystore.json"),
        data: join(folder, "data"),
      };
      const { keystore, ...made } = paths;
      for (const path of Object.values(options.keystore === undefined ? paths : made)) {
        if (existsSync(path)) throw new CommandError(`${path} is there already; nothing was changed`);
      }
      const inFolder = (path: string) => (isAbsolute(path) ? path : relative(folder, resolve(path)));
      mkdirSync(folder, { recursive: true });
      const key = await keyFor(keystore, options, keystores);
      const text = renderConfig({
        chain: {
          manifest: inFolder(options.manifest),
          rpcUrls: options.rpc,
          ...(options.confirmations !== undefined && { confirmations: options.confirmations }),
        },
        operator: { address: options.operator ?? key },
        keystore: {
          file: inFolder(keystore),
          ...(options.passwordFile !== undefined && { passwordFile: inFolder(options.passwordFile) }),
        },
      });
      writeFileSync(paths.config, text, { flag: "wx", mode: 0o600 });
      mkdirSync(paths.data);
      console.log(`configuration  ${paths.config}\nkey            ${key} in ${keystore}\ndata           ${paths.data}`);
      console.log(`\nNext: send ${key} some ether for gas, read the configuration, and run assay doctor.`);
    });
}

async function keyFor(file: string, options: Options, keystores: Tools["keystores"]): Promise<string> {
  if (options.keystore !== undefined) return keystores.addressIn(file);
  return await keystores.create(file, await readNewPassword(options.passwordFile, "Password for the new key"));
}
