/** The keystore's password: from a file, the environment, or whoever sits at the terminal. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { CommandError } from "./errors.ts";

export const PASSWORD_VARIABLE = "ASSAY_KEYSTORE_PASSWORD";

/**
 * @param passwordFile its first line is the password
 * @throws CommandError if there is none
 */
export async function readPassword(passwordFile: string | undefined, prompt: string): Promise<string> {
  if (passwordFile !== undefined) return readFirstLine(passwordFile);
  const fromEnvironment = process.env[PASSWORD_VARIABLE];
  if (fromEnvironment !== undefined && fromEnvironment !== "") return fromEnvironment;
  if (process.stdin.isTTY) return await ask(prompt);
  throw new CommandError(`no password: set ${PASSWORD_VARIABLE}, or give a password file`);
}

/**
 * Like {@link readPassword}, but asks a person twice: nobody can open the key after a typing error.
 * @throws CommandError
 */
export async function readNewPassword(passwordFile: string | undefined, prompt: string): Promise<string> {
  const isTyped = passwordFile === undefined && !process.env[PASSWORD_VARIABLE] && process.stdin.isTTY;
  const password = await readPassword(passwordFile, prompt);
  if (isTyped && (await ask(`${prompt}, again`)) !== password) throw new CommandError("the passwords differ");
  if (password === "") throw new CommandError("the password is empty");
  return password;
}

function readFirstLine(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new CommandError(`cannot read the password file: ${(cause as Error).message}`, { cause });
  }
  const [line = ""] = text.split(/\r?\n/, 1);
  if (line === "") throw new CommandError(`the first line of the password file ${file} is empty`);
  return line;
}

async function ask(prompt: string): Promise<string> {
  process.stderr.write(`${prompt}: `);
  // The terminal stays in the mode in which readline echoes, so readline is given nowhere to echo to.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  const interrupted = new AbortController();
  terminal.once("SIGINT", () => interrupted.abort());
  terminal.once("close", () => interrupted.abort());
  try {
    return await terminal.question("", { signal: interrupted.signal });
  } catch (cause) {
    throw new CommandError("no password was given", { cause });
  } finally {
    terminal.close();
    process.stderr.write("\n");
  }
}
