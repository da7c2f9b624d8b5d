import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createKeystore, isExposed, KeystoreError, keystoreAddress, loadKeystore } from "./keystore.ts";

describe("keystore", () => {
  let folder: string;
  let file: string;
  let address: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "assay-keystore-"));
    file = join(folder, "keystore.json");
    address = await createKeystore(file, "correct horse");
  });
  after(() => rmSync(folder, { recursive: true }));

  async function fails(promise: Promise<unknown>, message: string): Promise<void> {
    const error = await promise.catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(KeystoreError);
    expect((error as Error).message).to.include(message);
  }

  it("gives back the key for the password", async () => {
    expect((await loadKeystore(file, "correct horse")).address).to.equal(address);
    expect(keystoreAddress(file)).to.equal(address);
  });

  it("encrypts with scrypt at geth's cost, and holds no second form of the key", () => {
    const { version, Crypto, ...rest } = JSON.parse(readFileSync(file, "utf8"));
    expect(version).to.equal(3);
    expect(Crypto).to.include({ kdf: "scrypt", cipher: "aes-128-ctr" });
    expect(Crypto.kdfparams).to.include({ n: 131_072, r: 8, p: 1 });
    expect(JSON.stringify(rest)).to.not.match(/mnemonic/i);
  });

  it("opens the keystore of the standard, whose parameters are not those of RFC 7914", async () => {
    // https://ethereum.org/developers/docs/data-structures-and-encoding/web3-secret-storage, "Scrypt"
    const kdfparams = {
      dklen: 32,
      n: 262_144,
      r: 1,
      p: 8,
      salt: "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19",
    };
    const crypto = {
      cipher: "aes-128-ctr",
      cipherparams: { iv: "83dbcc02d8ccb40e466191a123791e0e" },
      ciphertext: "d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
      kdf: "scrypt",
      kdfparams,
      mac: "2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097",
    };
    const standard = join(folder, "standard.json");
    writeFileSync(standard, JSON.stringify({ crypto, id: "3198bc9c-6672-5ab3-d995-4942343ae5b6", version: 3 }));
    expect((await loadKeystore(standard, "testpassword")).privateKey).to.equal(
      "0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d",
    );
  });

  it("lets only its owner read it", () => {
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect(isExposed(file)).to.equal(false);
    const copy = join(folder, "copy.json");
    writeFileSync(copy, "");
    chmodSync(copy, 0o640);
    expect(isExposed(copy)).to.equal(true);
  });

  it("never overwrites a key", async () => {
    const before = readFileSync(file);
    await fails(createKeystore(file, "x"), "EEXIST");
    expect(readFileSync(file)).to.deep.equal(before);
  });

  it("says when the password is wrong, or the file missing or something else", async () => {
    await fails(loadKeystore(file, "wrong horse"), `the password does not open the keystore ${file}`);
    await fails(loadKeystore(join(folder, "none.json"), "x"), "ENOENT");
    for (const text of ["", "{}", "hello", '{"version": 3}', "x".repeat(200_000)]) {
      const other = join(folder, "other.json");
      writeFileSync(other, text);
      await fails(loadKeystore(other, "x"), `${other} `);
      expect(() => keystoreAddress(join(folder, "none.json"))).to.throw(KeystoreError, "ENOENT");
    }
    expect(() => isExposed(join(folder, "none.json"))).to.throw(KeystoreError, "ENOENT");
  });

  it("says when a keystore states no address", () => {
    const anonymous = join(folder, "anonymous.json");
    writeFileSync(anonymous, readFileSync(file, "utf8").replace(/"address":"\w+"/, '"address":""'));
    expect(() => keystoreAddress(anonymous)).to.throw(KeystoreError, "does not say whose key it holds");
  });

  it("says when a keystore is damaged", async () => {
    const damaged = join(folder, "damaged.json");
    writeFileSync(damaged, readFileSync(file, "utf8").replace(/"kdf":"scrypt"/, '"kdf":"rot13"'));
    await fails(loadKeystore(damaged, "x"), `${damaged} cannot be decrypted`);
  });
});
