/** Signing keys in encrypted files (Web3 Secret Storage version 3, scrypt), as geth and ethers write them. */
import { scrypt as nodeScrypt, type ScryptOptions } from "node:crypto";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { scryptAsync } from "@noble/hashes/scrypt";
import {
  decryptKeystoreJson,
  encryptKeystoreJson,
  getAddress,
  hexlify,
  isAddress,
  isKeystoreJson,
  randomBytes,
  scrypt,
  Wallet,
} from "ethers";
import type { Address } from "../roles/ports.ts";

/** Cost of a guess of the password: 2^17 is geth's, about half a second and 128 MB. */
const SCRYPT = { N: 131_072, r: 8, p: 1 };
/** Node refuses to use more than is allowed; scrypt uses 128 * N * r bytes and a little. */
const MAX_SCRYPT_BYTES = 2 ** 30;
/** A keystore has about 500 bytes. */
const MAX_BYTES = 100_000;
const OWNER_ONLY = 0o600;
const GROUP_AND_OTHERS = 0o077;

const deriveKey = promisify<Uint8Array, Uint8Array, number, ScryptOptions, Buffer>(nodeScrypt);
// Takes a third of the time of the one in JavaScript, but is not defined for all that keystores have.
scrypt.register(async (password, salt, N, r, p, length) => {
  const isDefined = N < 2 ** (16 * r);
  const key = isDefined
    ? await deriveKey(password, salt, length, { N, r, p, maxmem: MAX_SCRYPT_BYTES })
    : await scryptAsync(password, salt, { N, r, p, dkLen: length });
  return hexlify(key);
});

/** A key file that cannot be written, read or decrypted. */
export class KeystoreError extends Error {
  override readonly name = "KeystoreError";
}

/**
 * Makes a random key and writes it, encrypted, to a new file that only its owner may read.
 * @returns the key's address
 * @throws KeystoreError if the file exists or cannot be written
 */
export async function createKeystore(file: string, password: string): Promise<Address> {
  const { address, privateKey } = new Wallet(hexlify(randomBytes(32)));
  const json = await encryptKeystoreJson({ address, privateKey }, password, { scrypt: SCRYPT });
  withFile(`cannot write the keystore ${file}`, () => {
    writeFileSync(file, `${json}\n`, { flag: "wx", mode: OWNER_ONLY });
    // The mode above loses what the umask takes away.
    chmodSync(file, OWNER_ONLY);
  });
  return address;
}

/**
 * Decrypts a key.
 * @throws KeystoreError if the file is missing or no keystore, or the password is wrong
 */
export async function loadKeystore(file: string, password: string): Promise<Wallet> {
  const json = readKeystore(file);
  const account = await decryptKeystoreJson(json, password).catch((cause: Error) => {
    const isWrongPassword = cause.message.startsWith("incorrect password");
    throw new KeystoreError(
      isWrongPassword
        ? `the password does not open the keystore ${file}`
        : `${file} cannot be decrypted: ${cause.message}`,
      { cause },
    );
  });
  return new Wallet(account.privateKey);
}

/**
 * The address that a keystore states, without its password.
 * @throws KeystoreError if the file is missing, no keystore, or states none
 */
export function keystoreAddress(file: string): Address {
  const { address } = JSON.parse(readKeystore(file)) as { address?: unknown };
  const prefixed = `0x${String(address).replace(/^0x/, "")}`;
  if (!isAddress(prefixed)) throw new KeystoreError(`${file} does not say whose key it holds`);
  return getAddress(prefixed);
}

/** Whether others than the owner may read the file. Throws KeystoreError if it is missing. */
export function isExposed(file: string): boolean {
  return withFile(`cannot read the keystore ${file}`, () => (statSync(file).mode & GROUP_AND_OTHERS) !== 0);
}

function readKeystore(file: string): string {
  const json = withFile(`cannot read the keystore ${file}`, () => {
    const { size } = statSync(file);
    return size > MAX_BYTES ? "" : readFileSync(file, "utf8");
  });
  if (!isKeystoreJson(json)) throw new KeystoreError(`${file} is not a keystore (version 3)`);
  return json;
}

function withFile<T>(failure: string, use: () => T): T {
  try {
    return use();
  } catch (cause) {
    throw new KeystoreError(`${failure}: ${(cause as Error).message}`, { cause });
  }
}
