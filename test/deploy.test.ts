import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { Wallet, ZeroAddress } from "ethers";
import { network } from "hardhat";
import { checkManifest, readManifest } from "../oracle/chain/manifest.ts";
import { deploy } from "../scripts/deploy.ts";
import { PRESETS } from "../scripts/deployment.ts";

const run = promisify(execFile);

describe("deploy", () => {
  for (const [name, deployment] of Object.entries(PRESETS)) {
    it(`preset ${name} is a possible deployment`, async () => {
      const { ethers } = await network.create();
      const [signer] = await ethers.getSigners();
      const manifest = signer && (await deploy(signer, deployment));
      expect(manifest).to.deep.include({ parameters: deployment.parameters, deployer: signer?.address });
      if (manifest) await checkManifest(ethers.provider, manifest);
    });
  }

  it("needs a network", async () => {
    const wallet = new Wallet(`0x${"01".repeat(32)}`);
    const error = await deploy(wallet, PRESETS.local).then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error?.message).to.equal("the deployer's signer has no provider");
  });

  describe("as a command", () => {
    let folder: string;
    let url: string;
    let server: Awaited<ReturnType<typeof network.createServer>>;

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), "assay-deploy-"));
      server = await network.createServer("default", "127.0.0.1", 0);
      const { address, port } = await server.listen();
      url = `http://${address}:${port}`;
    });
    after(async () => {
      await server.close();
      rmSync(folder, { recursive: true });
    });

    const command = (args: string[], env: NodeJS.ProcessEnv = {}) =>
      run(process.execPath, ["scripts/deploy.ts", "--network", url, ...args], { env: { ...process.env, ...env } });

    const DISPUTE = { clock: 10, increment: 1, payoutDelay: 1, receiptUse: 10, challengeBond: "1000000000" };
    const MONEY = { minStake: "1000000000000", operatorBond: "1000000000000" };
    /** YAML is JSON too. */
    const deployment = (changes: object, ofDispute: object = {}) =>
      JSON.stringify({
        ...{ window: 20, exitDelay: 100, takeoverPeriod: 5, maxAnswerPeriod: 600, p256Verifier: ZeroAddress, ...MONEY },
        dispute: { ...DISPUTE, priceCap: "1", tip: "1", ...ofDispute },
        ...changes,
      });

    it("writes the manifest of a preset", async () => {
      const out = join(folder, "preset.json");
      const { stdout } = await command(["--preset", "local", "--out", out]);
      const manifest = readManifest(out);
      expect(stdout).to.equal(`coordinator ${manifest.addresses.coordinator} on chain 31337, manifest in ${out}\n`);
      expect(manifest.parameters).to.deep.equal(PRESETS.local.parameters);
    });

    it("deploys a file's parameters with the key of the environment", async () => {
      const file = join(folder, "parameters.yaml");
      const out = join(folder, "parameters.json");
      writeFileSync(file, deployment({}));
      // The second of the accounts that every local network has.
      const key = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
      await command(["--parameters", file, "--out", out], { ASSAY_DEPLOYER_KEY: key });
      const { parameters: deployed, addresses, deployer } = readManifest(out);
      expect(deployed).to.include({ window: 20, minStake: 10n ** 12n });
      expect(addresses.p256Verifier).to.equal(ZeroAddress);
      expect(deployer).to.equal(new Wallet(key).address);
    });

    it("says what is wrong", async () => {
      const file = join(folder, "bad.yaml");
      const impossible = join(folder, "impossible.yaml");
      const unsafe = join(folder, "unsafe.yaml");
      writeFileSync(file, "window: soon\n");
      writeFileSync(impossible, deployment({ maxAnswerPeriod: 0 }));
      writeFileSync(unsafe, deployment({ exitDelay: 71 }, { priceCap: "1000000000000000" }));
      const failures: [string[], RegExp][] = [
        [[], /^error: one of --preset and --parameters is needed/],
        [["--preset", "moon"], /Allowed choices are local, l1, l2/],
        [["--preset", "l1", "--parameters", file], /cannot be used with/],
        [["--parameters", file], /→ at window/],
        [
          ["--parameters", impossible],
          /^error: InferenceCoordinator refuses .* ImpossibleParameters\(maxAnswerPeriod\)/,
        ],
        [
          ["--parameters", unsafe],
          /unsafe:\n {2}dispute.challengeBond is .*\n {2}operatorBond is .*\n {2}exitDelay is 71 s, .* 72 s$/m,
        ],
        [["--preset", "local", "--network", "http://127.0.0.1:1"], /^error: .*ECONNREFUSED/],
      ];
      for (const [args, message] of failures) {
        const error = await command(args).then(
          () => undefined,
          (reason: { stderr: string; code: number }) => reason,
        );
        expect(error?.code, String(args)).to.equal(1);
        expect(error?.stderr).to.match(message);
      }
    });
  });
});
