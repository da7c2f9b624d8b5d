// What a deployment can be, and what it keeps.
import { expect } from "chai";
import { ZeroAddress } from "ethers";
import { ASSERTION_STATE, unpackWord } from "../../oracle/chain/words.ts";
import {
  artefactSpec,
  deployCoordinator,
  deployWorld,
  INPUT,
  kernelSpec,
  mined,
  OTHER_OUTPUT,
  PARAMETERS,
  policyOf,
  program,
  World,
} from "./world.ts";

const GWEI = 10n ** 9n;
const MAX_UINT32 = 2n ** 32n - 1n;
const MAX_BOND = (2n ** 48n - 1n) * GWEI;

describe("deployments", () => {
  let world: World;
  before(async () => {
    world = await deployWorld();
  });

  const impossible: { parameter: string; changes: Partial<typeof PARAMETERS> }[] = [
    { parameter: "window", changes: { window: 0n } },
    { parameter: "exitDelay", changes: { exitDelay: PARAMETERS.window - 1n } },
    { parameter: "maxAnswerPeriod", changes: { maxAnswerPeriod: 0n } },
    { parameter: "operatorBond", changes: { operatorBond: 0n } },
    { parameter: "operatorBond", changes: { operatorBond: PARAMETERS.operatorBond + 1n } },
    { parameter: "operatorBond", changes: { operatorBond: GWEI - 1n } },
    { parameter: "operatorBond", changes: { operatorBond: MAX_BOND + GWEI, minStake: 2n ** 80n - 1n } },
    { parameter: "minStake", changes: { minStake: 0n } },
    { parameter: "minStake", changes: { minStake: PARAMETERS.operatorBond - 1n } },
  ];
  for (const { parameter, changes } of impossible) {
    const [[name = "", value] = []] = Object.entries(changes);
    it(`have no ${name} of ${value}`, async () => {
      await expect(deployCoordinator(world.connection, world.arbiter, { parameters: changes }))
        .to.be.revertedWithCustomError(world.coordinator, "ImpossibleParameters")
        .withArgs(parameter);
    });
  }

  it("have an arbiter", async () => {
    await expect(deployCoordinator(world.connection, null))
      .to.be.revertedWithCustomError(world.coordinator, "ImpossibleParameters")
      .withArgs("arbiter");
  });

  it("keep what they were made with", async () => {
    const { coordinator } = world;
    const parameters = await coordinator.parameters();
    for (const [name, value] of Object.entries(PARAMETERS)) {
      expect(parameters[name as keyof typeof PARAMETERS], name).to.equal(value);
    }
    expect(await coordinator.arbiter()).to.equal(await world.arbiter.getAddress());
    expect(await coordinator.p256Verifier()).to.equal(ZeroAddress);
    const { name, version, chainId, verifyingContract } = await coordinator.eip712Domain();
    expect({ name, version, chainId, verifyingContract }).to.deep.equal(world.domain);
  });

  it("take the longest periods and the highest bond without wrapping round", async () => {
    const parameters = {
      window: MAX_UINT32,
      exitDelay: MAX_UINT32,
      takeoverPeriod: MAX_UINT32,
      maxAnswerPeriod: MAX_UINT32,
      minStake: MAX_BOND,
      operatorBond: MAX_BOND,
    };
    const long = await deployWorld({ parameters });
    const { coordinator, time, connection } = long;
    await connection.networkHelpers.setBalance(long.signer(1).address, 2n ** 90n);
    const operator = await long.enlist(long.signer(1), MAX_BOND + 5n);
    const modelId = await long.register(long.signer(7), kernelSpec(long.signer(7).address));
    const asked = await long.ask(modelId, { policy: policyOf({ answerPeriod: Number(MAX_UINT32) }) });
    const signed = await long.answer(asked, operator);
    const word = await coordinator.assertionStateOf(asked.id, operator.address);
    const finalisableAt = (await time.latest()) + Number(MAX_UINT32);
    expect(unpackWord(ASSERTION_STATE, word)).to.include({ finalisableAt, bond: 2n ** 48n - 1n, live: true });
    await coordinator.connect(operator.account).requestExit(5n);
    const { exitAt } = await coordinator.operatorOf(operator.address);
    expect(exitAt).to.equal(BigInt(await time.latest()) + MAX_UINT32);
    await connection.networkHelpers.setBalance(long.signer(2).address, 2n ** 90n);
    const winner = await long.enlist(long.signer(2), MAX_BOND);
    await long.arbiter.reject(long.ref(asked, signed), winner.address);
    const { until } = await coordinator.takeoverOf(asked.id);
    expect(until).to.equal(BigInt(await time.latest()) + MAX_UINT32);
  });

  describe("whose arbiter judges nothing", () => {
    it("register no programs", async () => {
      const { connection } = world;
      const arbiter = await connection.ethers.deployContract("NullArbiter");
      const coordinator = await deployCoordinator(connection, arbiter);
      const registry = await connection.ethers.getContractAt("ModelRegistry", await coordinator.modelRegistry());
      const owner = world.signer(0);
      const spec = kernelSpec(owner.address);
      for (const semantics of [1n, 2n, 15n, 255n]) {
        await expect(registry.register({ ...spec, semantics }, program(spec.traceChunks).preimage, 0n, ""))
          .to.be.revertedWithCustomError(registry, "UnsupportedSemantics")
          .withArgs(semantics);
      }
    });

    it("keep out whoever differs", async () => {
      const { connection, signers, chainId } = world;
      const arbiter = await connection.ethers.deployContract("NullArbiter");
      const coordinator = await deployCoordinator(connection, arbiter);
      const registry = await connection.ethers.getContractAt("ModelRegistry", await coordinator.modelRegistry());
      const contracts = { coordinator, registry, arbiter: world.arbiter };
      const accounts = { signers, chainId, address: await coordinator.getAddress() };
      const alone = new World(connection, contracts, accounts, PARAMETERS);
      const operators = [await alone.enlist(alone.signer(1)), await alone.enlist(alone.signer(2))] as const;
      const modelId = await alone.register(alone.signer(7), artefactSpec(alone.signer(7).address));
      const asked = alone.asked(await mined(coordinator.request(modelId, [INPUT], policyOf(), { value: 1n })));
      const first = await alone.answer(asked, operators[0]);
      const second = await alone.sign(asked, operators[1], { output: OTHER_OUTPUT });
      await expect(alone.assertBeside(asked, second, first)).to.be.revertedWithCustomError(arbiter, "NotDisputable");
    });
  });
});
