// Somebody without any role at every function that changes something, read off the ABI so that none is forgotten.
import { expect } from "chai";
import { type BaseContract, type ContractTransactionResponse, computeAddress, Interface, ZeroAddress } from "ethers";
import { askContested, askUntil, type Stage, stageForEach } from "./scenes.ts";
import { artefactSpec, OTHER_OUTPUT, PARAMETERS } from "./world.ts";

interface Refused {
  readonly error: string;
  readonly args: (stage: Stage) => readonly unknown[];
  readonly call: (stage: Stage) => Promise<ContractTransactionResponse>;
}

const STRANGER = 9;
const stranger = ({ world }: Stage) => world.signer(STRANGER);
const asStranger = (stage: Stage) => stage.world.coordinator.connect(stranger(stage));
const registryAsStranger = (stage: Stage) => stage.world.registry.connect(stranger(stage));
const itself = (stage: Stage) => [stranger(stage).address];
const ownerAndItself = (stage: Stage) => [stage.world.signer(7).address, stranger(stage).address];
const someRef = async (stage: Stage) => {
  const { asked, signed } = await askUntil(stage, "Asserted");
  return stage.world.ref(asked, signed);
};

const REFUSED: Readonly<Record<string, Refused>> = {
  hold: { error: "NotArbiter", args: itself, call: async (stage) => asStranger(stage).hold(await someRef(stage)) },
  release: {
    error: "NotArbiter",
    args: itself,
    call: async (stage) => {
      const { asked, first } = await askContested(stage);
      return asStranger(stage).release(stage.world.ref(asked, first));
    },
  },
  reject: {
    error: "NotArbiter",
    args: itself,
    call: async (stage) => asStranger(stage).reject(await someRef(stage), ZeroAddress),
  },
  slash: {
    error: "NotArbiter",
    args: itself,
    call: (stage) => asStranger(stage).slash(stage.operators[0].address, 1n, []),
  },
  setModel: {
    error: "NotModelRegistry",
    args: itself,
    call: (stage) => asStranger(stage).setModel(stage.modelId, 0n),
  },
  requestExit: { error: "StakeTooLow", args: () => [0n, 1n], call: (stage) => asStranger(stage).requestExit(1n) },
  completeExit: {
    error: "NoExitPending",
    args: itself,
    call: (stage) => asStranger(stage).completeExit(stranger(stage).address),
  },
  addKey: {
    error: "NothingStaked",
    args: () => [],
    call: (stage) => {
      const [operator] = stage.operators;
      return asStranger(stage).addKey(stage.world.bind(operator.key, stranger(stage).address));
    },
  },
  retireKey: {
    error: "NotKeyOwner",
    args: (stage) => [computeAddress(stage.operators[0].key), stranger(stage).address],
    call: (stage) => asStranger(stage).retireKey(computeAddress(stage.operators[0].key)),
  },
  setOffer: {
    error: "StakeBelowMinimum",
    args: () => [0n, PARAMETERS.minStake],
    call: (stage) => asStranger(stage).setOffer(stage.modelId, 0n, 1n, 0n, 0n),
  },
  removeOffer: {
    error: "OfferIsLive",
    args: (stage) => [stage.modelId, stage.operators[0].address],
    call: async (stage) => {
      const { world, modelId, operators } = stage;
      await world.coordinator.connect(operators[0].account).setOffer(modelId, 0n, 1n, 0n, 0n);
      return asStranger(stage).removeOffer(modelId, operators[0].address);
    },
  },
  withdraw: {
    error: "NothingToWithdraw",
    args: itself,
    call: async (stage) => {
      await askUntil(stage, "Final");
      return asStranger(stage).withdraw(stranger(stage).address);
    },
  },
  register: {
    error: "NotModelOwner",
    args: ownerAndItself,
    call: (stage) => registryAsStranger(stage).register(artefactSpec(stage.world.signer(7).address), "0x", 0n, ""),
  },
  deprecate: {
    error: "NotModelOwner",
    args: ownerAndItself,
    call: (stage) => registryAsStranger(stage).deprecate(stage.modelId),
  },
  setRoyalty: {
    error: "NotModelOwner",
    args: ownerAndItself,
    call: (stage) => registryAsStranger(stage).setRoyalty(stage.modelId, 0n),
  },
  moveArtefact: {
    error: "NotModelOwner",
    args: ownerAndItself,
    call: (stage) => registryAsStranger(stage).moveArtefact(stage.modelId, ""),
  },
};

/** What anybody may do; the caller gains nothing by it and decides nothing. */
const OPEN: Readonly<Record<string, (stage: Stage) => Promise<unknown>>> = {
  request: (stage) => stage.world.ask(stage.modelId, { from: stranger(stage) }),
  stake: (stage) => asStranger(stage).stake({ value: PARAMETERS.minStake }),
  setLive: (stage) => asStranger(stage).setLive(true),
  assertResult: async (stage) => {
    const { asked, signed } = await askUntil(stage, "Requested");
    return stage.world.assert(asked, signed, stranger(stage));
  },
  assertResults: async (stage) => {
    const { asked, signed } = await askUntil(stage, "Requested");
    return asStranger(stage).assertResults([{ ...signed, request: asked.request }]);
  },
  assertBeside: async (stage) => {
    const { world, operators } = stage;
    const { asked, signed } = await askUntil(stage, "Asserted");
    const second = await world.sign(asked, operators[1], { output: OTHER_OUTPUT });
    const assertion = { ...second, request: asked.request };
    return asStranger(stage).assertBeside(assertion, signed.answer, signed.outputRoot, "0x");
  },
  finalise: async (stage) => {
    const { asked, signed } = await askUntil(stage, "Asserted");
    await stage.world.time.increase(PARAMETERS.window);
    return stage.world.finalise(asked, signed, stranger(stage));
  },
  finaliseBatch: async (stage) => {
    const { asked, signed } = await askUntil(stage, "Asserted");
    await stage.world.time.increase(PARAMETERS.window);
    return asStranger(stage).finaliseBatch([{ ...signed, request: asked.request }]);
  },
  settle: async (stage) => {
    const { world, operators } = stage;
    const { asked, signed } = await askUntil(stage, "Asserted");
    const second = await world.sign(asked, operators[1]);
    await world.assertBeside(asked, second, signed);
    await world.time.increase(PARAMETERS.window);
    await world.finalise(asked, signed);
    return asStranger(stage).settle(asked.request, second.answer, second.outputRoot, signed.outputRoot);
  },
  expire: async (stage) => {
    const { asked } = await askUntil(stage, "Requested");
    await stage.world.time.increase(10_000);
    return asStranger(stage).expire(asked.request);
  },
  deliver: async (stage) => {
    await stage.consumer.behave(1);
    const { asked, signed } = await askUntil(stage, "Final");
    await stage.consumer.behave(0);
    return asStranger(stage).deliver(asked.request, signed.answer, signed.output);
  },
  withdrawFor: async (stage) => {
    const { signed } = await askUntil(stage, "Final");
    return asStranger(stage).withdrawFor(signed.answer.operator);
  },
};

const writes = (contract: BaseContract) => {
  const names: string[] = [];
  contract.interface.forEachFunction(({ name, constant }) => {
    if (!constant) names.push(name);
  });
  return names;
};

describe("a stranger", () => {
  const stage = stageForEach();

  it("is looked at in every function", () => {
    const { coordinator, registry } = stage().world;
    const known = [...Object.keys(REFUSED), ...Object.keys(OPEN)];
    expect([...writes(coordinator), ...writes(registry)]).to.have.members(known);
  });

  for (const [name, { error, args, call }] of Object.entries(REFUSED)) {
    it(`is refused by ${name}: ${error}`, async () => {
      const { coordinator, registry } = stage().world;
      const contract = registry.interface.getFunction(name as never) === null ? coordinator : registry;
      await expect(call(stage()))
        .to.be.revertedWithCustomError(contract, error)
        .withArgs(...args(stage()));
    });
  }

  for (const [name, call] of Object.entries(OPEN)) {
    it(`gains nothing by ${name}`, async () => {
      const { world } = stage();
      await call(stage());
      const { address } = stranger(stage());
      expect(await world.coordinator.owedTo(address)).to.equal(0n);
      const { stake, locked, earnings, exiting } = await world.coordinator.operatorOf(address);
      const staked = name === "stake" ? PARAMETERS.minStake : 0n;
      expect([stake, locked, earnings, exiting]).to.deep.equal([staked, 0n, 0n, 0n]);
    });
  }

  it("sends no ether and no unknown call", async () => {
    const { world } = stage();
    const signer = stranger(stage());
    const to = world.address;
    await expect(signer.sendTransaction({ to, value: 1n })).to.be.revertedWithoutReason(world.connection.ethers);
    const data = new Interface(["function sweep()"]).encodeFunctionData("sweep");
    await expect(signer.sendTransaction({ to, data })).to.be.revertedWithoutReason(world.connection.ethers);
    await expect(signer.sendTransaction({ to, data, value: 1n })).to.be.revertedWithoutReason(world.connection.ethers);
  });

  it("forces ether in and changes nothing", async () => {
    const { world } = stage();
    const { networkHelpers, ethers } = world.connection;
    const before = await ethers.provider.getBalance(world.address);
    await networkHelpers.setBalance(world.address, before + 10n ** 18n);
    const { signed } = await askUntil(stage(), "Final");
    await world.coordinator.withdrawFor(signed.answer.operator);
    const { locked } = await world.coordinator.operatorOf(signed.answer.operator);
    expect(locked).to.equal(0n);
  });
});
