import { expect } from "chai";
import { ZeroAddress } from "ethers";
import { network } from "hardhat";
import { deployArena, RULES } from "./arena.ts";

describe("a game's deployment", () => {
  it("refuses parameters under which a dispute cannot work", async () => {
    const { ethers } = await network.create();
    const factory = await ethers.getContractFactory("DisputeGame");
    const someone = ethers.Wallet.createRandom().address;
    const deploy = (changes: Partial<typeof RULES>, coordinator = someone, verdict = someone) =>
      factory.deploy(coordinator, verdict, { ...RULES, ...changes }, ZeroAddress);
    const YEAR = 365n * 86_400n;
    const refused: [string, Partial<typeof RULES>][] = [
      ["clock", { clock: 0n }],
      ["clock", { clock: YEAR + 1n }],
      ["increment", { increment: YEAR + 1n }],
      ["payoutDelay", { payoutDelay: 0n }],
      ["payoutDelay", { payoutDelay: YEAR + 1n }],
      ["receiptUse", { receiptUse: 0n }],
      ["receiptUse", { receiptUse: YEAR + 1n }],
      ["priceCap", { priceCap: 0n }],
      ["challengeBond", { challengeBond: RULES.challengeBond / 2n }],
    ];
    for (const [parameter, changes] of refused) {
      await expect(deploy(changes)).to.be.revertedWithCustomError(factory, "ImpossibleDispute").withArgs(parameter);
    }
    await expect(deploy({}, ZeroAddress))
      .to.be.revertedWithCustomError(factory, "ImpossibleDispute")
      .withArgs("coordinator");
    await expect(deploy({}, someone, ZeroAddress))
      .to.be.revertedWithCustomError(factory, "ImpossibleDispute")
      .withArgs("verdict");
  });

  it("shows what it was deployed with", async () => {
    const { game, contracts, address } = await deployArena();
    expect([...(await game.disputeParameters())]).to.deep.equal(Object.values(RULES));
    expect(await game.coordinator()).to.equal(address);
    expect(await game.verdict()).to.equal(await contracts.verdict.getAddress());
    expect(await contracts.verdict.machine()).to.equal(await contracts.machine.getAddress());
    expect([await game.judges(0), await game.judges(1), await game.judges(2)]).to.deep.equal([false, true, false]);
  });
});
