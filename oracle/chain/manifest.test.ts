import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { network } from "hardhat";
import { deployed } from "../../test/fixture.ts";
import {
  checkManifest,
  formatManifest,
  type Manifest,
  ManifestError,
  ManifestMismatchError,
  readManifest,
} from "./manifest.ts";

describe("manifest", () => {
  let folder: string;
  let file: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-manifest-"));
    file = join(folder, "manifest.json");
  });
  after(() => rmSync(folder, { recursive: true }));

  /** What reading the file gives after `change`. */
  function readChanged(manifest: Manifest, change: (json: Record<string, unknown>) => unknown): Manifest {
    writeFileSync(file, JSON.stringify(change(JSON.parse(formatManifest(manifest)))));
    return readManifest(file);
  }

  it("is read as it was written", async () => {
    const { manifest } = await deployed();
    writeFileSync(file, formatManifest(manifest));
    expect(readManifest(file)).to.deep.equal(manifest);
  });

  it("that cannot be read is refused with the path of what is wrong", async () => {
    const { manifest } = await deployed();
    const { parameters, addresses } = JSON.parse(formatManifest(manifest));
    const bad: [Record<string, unknown>, string][] = [
      [{ version: 1 }, "version: "],
      [{ parameters: { ...parameters, window: -1 } }, "parameters.window: "],
      [{ parameters: { ...parameters, minStake: 1 } }, "parameters.minStake: "],
      [{ parameters: { ...parameters, minStake: "1 ether" } }, "parameters.minStake: expected a whole number of wei"],
      [{ parameters: { ...parameters, extra: 1 } }, 'parameters: Unrecognized key: "extra"'],
      [{ dispute: {} }, "dispute.clock: "],
      [{ addresses: { ...addresses, coordinator: "0x12" } }, "addresses.coordinator: expected an address"],
      [{ block: undefined }, "block: "],
    ];
    for (const [change, message] of bad) {
      expect(() => readChanged(manifest, (json) => ({ ...json, ...change })), message).to.throw(ManifestError, message);
    }
    expect(() => readChanged(manifest, () => "a string")).to.throw(ManifestError, "manifest: ");
  });

  it("that is not there or not JSON is refused with its name", () => {
    expect(() => readManifest(join(folder, "absent.json"))).to.throw(ManifestError, "absent.json cannot be read");
    writeFileSync(file, "{");
    expect(() => readManifest(file)).to.throw(ManifestError, "manifest.json cannot be read");
  });

  it("agrees with the chain it was made on", async () => {
    const { ethers, manifest } = await deployed();
    await checkManifest(ethers.provider, manifest);
  });

  /** The fields that differ, with both values. */
  async function mismatches(provider: Parameters<typeof checkManifest>[0], manifest: Manifest) {
    const error = await checkManifest(provider, manifest).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(ManifestMismatchError);
    return error instanceof ManifestMismatchError ? error.mismatches : [];
  }

  it("names what differs, and both values", async () => {
    const { ethers, manifest } = await deployed();
    const { provider } = ethers;
    const otherHash = `0x${"12".repeat(32)}` as const;
    const { chainId, block, codeHashes, parameters, dispute } = manifest;

    expect(await mismatches(provider, { ...manifest, chainId: 1 })).to.deep.equal([
      { field: "chainId", manifest: "1", chain: String(chainId) },
    ]);
    expect(await mismatches(provider, { ...manifest, block: { ...block, hash: otherHash } })).to.deep.equal([
      { field: "block.hash", manifest: otherHash, chain: block.hash },
    ]);
    expect(await mismatches(provider, { ...manifest, block: { ...block, number: 1_000_000 } })).to.deep.equal([
      { field: "block.hash", manifest: block.hash, chain: "unknown" },
    ]);
    for (const name of Object.keys(codeHashes) as (keyof typeof codeHashes)[]) {
      const changed = { ...manifest, codeHashes: { ...codeHashes, [name]: otherHash } };
      expect(await mismatches(provider, changed)).to.deep.equal([
        { field: `codeHashes.${name}`, manifest: otherHash, chain: codeHashes[name] },
      ]);
    }
    const { window, minStake } = parameters;
    expect(
      await mismatches(provider, { ...manifest, parameters: { ...parameters, window: 11, minStake: 5n } }),
    ).to.deep.equal([
      { field: "parameters.window", manifest: "11", chain: String(window) },
      { field: "parameters.minStake", manifest: "5", chain: String(minStake) },
    ]);
    expect(await mismatches(provider, { ...manifest, dispute: { ...dispute, tip: 5n } })).to.deep.equal([
      { field: "dispute.tip", manifest: "5", chain: String(dispute.tip) },
    ]);
  });

  it("tells a chain that was started anew, although addresses and id are the same", async () => {
    const { manifest } = await deployed();
    const { ethers } = await network.create();
    const fields = (await mismatches(ethers.provider, manifest)).map(({ field }) => field);
    expect(fields).to.deep.equal([
      "block.hash",
      "codeHashes.coordinator",
      "codeHashes.modelRegistry",
      "codeHashes.arbiter",
      "codeHashes.verdict",
      "codeHashes.tensorVm",
      "codeHashes.lens",
    ]);
  });
});
