/** What every command shares: where the configuration is, and how to get from it to a chain and a key. */
import type { Command } from "commander";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { readPassword } from "./password.ts";
import type { Account, Session, Tools } from "./ports.ts";

export const DEFAULT_CONFIG = "assay.yaml";

/** The configuration that `--config` names. Throws ConfigError. */
export function configOf(command: Command): Config {
  return loadConfig(command.optsWithGlobals<{ config: string }>().config);
}

/** Runs `body` with the configured chain, and lets go of it. */
export async function withSession<T>(
  { connect }: Tools,
  config: Config,
  body: (session: Session) => Promise<T>,
): Promise<T> {
  const session = connect(config);
  try {
    return await body(session);
  } finally {
    session.close();
  }
}

/** Another key than the configured one, for what only the funding account may do. */
export interface KeyOptions {
  readonly keystore?: string;
  readonly passwordFile?: string;
}

/** Opens the key that a command signs with. */
export async function openAccount(session: Session, config: Config, options: KeyOptions): Promise<Account> {
  const isOther = options.keystore !== undefined;
  const file = options.keystore ?? config.keystore.file;
  const passwordFile = options.passwordFile ?? (isOther ? undefined : config.keystore.passwordFile);
  return await session.account(file, await readPassword(passwordFile, `Password of ${file}`));
}

/** Adds the options of {@link KeyOptions} to a command. */
export function withKeyOptions(command: Command): Command {
  return command
    .option("--keystore <file>", "sign with this key instead of the configured one")
    .option("--password-file <file>", "a file whose first line is that key's password");
}
