// What can be registered as a model, and what an owner may do with it.
import { expect } from "chai";
import { concat, id as hashOf, keccak256, toBeHex, ZeroAddress, ZeroHash } from "ethers";
import { MODEL, unpackWord } from "../../oracle/chain/words.ts";
import { stageForEach } from "./scenes.ts";
import { artefactSpec, callbacks, F32, FEE, kernelSpec, program, type Spec } from "./world.ts";

const U64_MAX = 2n ** 64n - 1n;
/** Bits of 2^15, the largest tolerance, and of -0. */
const MAX_TOLERANCE = 0x40e0000000000000n;
const MINUS_ZERO = 0x8000000000000000n;

const tensor = (changes: Partial<Spec["inputs"][number]> = {}) => ({ name: "t", dtype: F32, dims: [1], ...changes });

describe("models", () => {
  const stage = stageForEach();

  const register = (spec: Spec, options: { preimage?: string; royaltyBps?: bigint; from?: number } = {}) => {
    const { preimage = spec.semantics === 0n ? "0x" : program(spec.traceChunks).preimage } = options;
    const { registry, signer } = { registry: stage().world.registry, signer: stage().world.signer(options.from ?? 7) };
    return registry.connect(signer).register(spec, preimage, options.royaltyBps ?? 0n, "");
  };
  const owner = () => stage().world.signer(7).address;
  const artefact = (changes: Partial<Spec> = {}) => ({ ...artefactSpec(owner()), ...changes });
  const kernel = (changes: Partial<Spec> = {}) => ({ ...kernelSpec(owner(), "another"), ...changes });

  const refusals: { name: string; error: string; args: readonly unknown[]; call: () => ReturnType<typeof register> }[] =
    [
      refusal("a royalty above all of it", "RoyaltyTooHigh", [10_001n], () =>
        register(artefact(), { royaltyBps: 10_001n }),
      ),
      refusal("no artefact", "ArtefactHashMissing", [], () => register(artefact({ artefactHash: ZeroHash }))),
      refusal("no outputs", "TensorCountOutOfRange", [0n], () => register(artefact({ outputs: [] }))),
      refusal("64 inputs", "TensorCountOutOfRange", [64n], () =>
        register(artefact({ inputs: Array(64).fill(tensor()) })),
      ),
      refusal("64 outputs", "TensorCountOutOfRange", [64n], () =>
        register(artefact({ outputs: Array(64).fill(tensor()) })),
      ),
      refusal("a tensor without a name", "TensorNameEmpty", [], () =>
        register(artefact({ inputs: [tensor({ name: "" })] })),
      ),
      refusal("an output without a name", "TensorNameEmpty", [], () =>
        register(artefact({ outputs: [tensor({ name: "" })] })),
      ),
      refusal("a tensor without a dtype", "TensorDtypeMissing", ["t"], () =>
        register(artefact({ inputs: [tensor({ dtype: 0 })] })),
      ),
      ...[
        { what: "nine dimensions", dims: Array<number>(9).fill(1) },
        { what: "an extent of zero", dims: [2, 0] },
        { what: "2^31 elements", dims: [2 ** 31] },
        { what: "2^31 elements by product", dims: [65_536, 32_768] },
        { what: "a product that overflows 256 bits", dims: Array<number>(8).fill(2 ** 32 - 1) },
      ].map(({ what, dims }) =>
        refusal(what, "TensorShapeOutOfRange", ["t", dims], () => register(artefact({ inputs: [tensor({ dims })] }))),
      ),
      ...Object.entries({
        kernelRoot: hashOf("root"),
        kernelCount: 1n,
        traceChunks: 1n,
        outputChunks: 1n,
        weightsRoot: hashOf("weights"),
        weightsChunks: 1n,
        atol: 1n,
        rtol: 1n,
      }).map(([field, value]) =>
        refusal(`semantics 0 with ${field}`, "UnexpectedProgram", [], () => register(artefact({ [field]: value }))),
      ),
      refusal("semantics 0 with a program", "UnexpectedProgram", [], () => register(artefact(), { preimage: "0x00" })),
      refusal("semantics that the arbiter does not judge", "UnsupportedSemantics", [2n], () =>
        register(kernel({ semantics: 2n })),
      ),
      refusal("semantics that the word does not hold", "UnsupportedSemantics", [16n], () =>
        register(kernel({ semantics: 16n })),
      ),
      refusal("no kernels", "ProgramRootMalformed", [0n, 11n], () => register(kernel({ kernelCount: 0n }))),
      refusal("a leaf for many kernels", "ProgramRootMalformed", [2n, 11n], () =>
        register(kernel({ kernelCount: 2n })),
      ),
      refusal("no root", "ProgramRootMalformed", [1n, 0n], () => register(kernel(), { preimage: "0x" })),
      refusal("another kernel root", "ProgramRootMismatch", [hashOf("other"), program(3n).root], () =>
        register(kernel({ kernelRoot: hashOf("other") })),
      ),
      refusal("another trace length", "TraceChunksMismatch", [3n, 4n], () =>
        register(kernel({ traceChunks: 4n }), { preimage: program(3n).preimage }),
      ),
      refusal("another output length", "OutputChunksMismatch", [1n, 2n], () => register(kernel({ outputChunks: 2n }))),
      refusal("a negative tolerance", "ToleranceOutOfRange", [MINUS_ZERO], () =>
        register(kernel({ atol: MINUS_ZERO })),
      ),
      refusal("a tolerance above 2^15", "ToleranceOutOfRange", [MAX_TOLERANCE + 1n], () =>
        register(kernel({ rtol: MAX_TOLERANCE + 1n })),
      ),
      refusal("a tolerance that is no number", "ToleranceOutOfRange", [U64_MAX], () =>
        register(kernel({ atol: U64_MAX })),
      ),
    ];

  for (const { name, error, args, call } of refusals) {
    it(`refuses ${name}: ${error}`, async () => {
      await expect(call())
        .to.be.revertedWithCustomError(stage().world.registry, error)
        .withArgs(...args);
    });
  }

  it("refuses a dtype that does not exist before anything is decoded", async () => {
    const { ethers } = stage().world.connection;
    await expect(register(artefact({ inputs: [tensor({ dtype: 11 })] }))).to.be.revertedWithoutReason(ethers);
  });

  it("refuses a program whose sum does not fit 64 bits", async () => {
    const preimage = concat(["0x01", hashOf("left"), toBeHex(U64_MAX, 8), hashOf("right"), toBeHex(1n, 8)]);
    const spec = kernel({ kernelCount: 2n, kernelRoot: keccak256(preimage) });
    await expect(register(spec, { preimage })).to.be.revertedWithPanic(0x11);
  });

  it("takes the largest of everything", async () => {
    const many = Array(63).fill(tensor({ dims: Array(8).fill(1) }));
    await register(artefact({ inputs: many, outputs: many }), { royaltyBps: 10_000n });
    await register(artefact({ inputs: [tensor({ dims: [2 ** 31 - 1] })] }));
    await register(kernel({ atol: MAX_TOLERANCE, rtol: MAX_TOLERANCE }));
  });

  it("takes scalars and models without inputs", async () => {
    const { world } = stage();
    const modelId = await world.register(world.signer(7), artefact({ inputs: [], outputs: [tensor({ dims: [] })] }));
    const { inputCount, inputBytes, outputBytes } = unpackWord(MODEL, await world.coordinator.modelOf(modelId));
    expect({ inputCount, inputBytes, outputBytes }).to.deep.equal({ inputCount: 0, inputBytes: 0, outputBytes: 4 });
  });

  it("takes a program of many kernels by its root's preimage", async () => {
    const preimage = concat(["0x01", hashOf("left"), toBeHex(2n, 8), hashOf("right"), toBeHex(1n, 8)]);
    const spec = kernel({ kernelCount: 5n, kernelRoot: keccak256(preimage) });
    await register(spec, { preimage });
  });

  it("registers once, for the owner only", async () => {
    const { world } = stage();
    const modelId = await world.register(world.signer(7), artefact());
    await expect(register(artefact()))
      .to.be.revertedWithCustomError(world.registry, "ModelAlreadyRegistered")
      .withArgs(modelId);
    await expect(register(artefact({ salt: hashOf("x") }), { from: 8 }))
      .to.be.revertedWithCustomError(world.registry, "NotModelOwner")
      .withArgs(owner(), world.signer(8).address);
    await expect(register(artefact({ owner: ZeroAddress })))
      .to.be.revertedWithCustomError(world.registry, "NotModelOwner")
      .withArgs(ZeroAddress, owner());
  });

  it("lets only its owner change a model, and only what can be changed", async () => {
    const { world, modelId } = stage();
    const registry = world.registry.connect(world.signer(7));
    await expect(registry.setRoyalty(modelId, 10_000n)).to.emit(registry, "RoyaltyChanged").withArgs(modelId, 10_000n);
    await expect(registry.moveArtefact(modelId, "ipfs://x"))
      .to.emit(registry, "ArtefactMoved")
      .withArgs(modelId, "ipfs://x");
    await expect(registry.setRoyalty(modelId, 10_001n))
      .to.be.revertedWithCustomError(registry, "RoyaltyTooHigh")
      .withArgs(10_001n);
    await expect(registry.deprecate(modelId)).to.emit(registry, "ModelDeprecated").withArgs(modelId);
    const stranger = world.signer(8);
    const calls = [
      () => world.registry.connect(stranger).setRoyalty(modelId, 1n),
      () => world.registry.connect(stranger).moveArtefact(modelId, ""),
      () => world.registry.connect(stranger).deprecate(modelId),
    ];
    for (const call of calls) {
      await expect(call()).to.be.revertedWithCustomError(registry, "NotModelOwner").withArgs(owner(), stranger.address);
    }
    const unknown = hashOf("unknown");
    for (const call of [
      registry.setRoyalty(unknown, 1n),
      registry.moveArtefact(unknown, ""),
      registry.deprecate(unknown),
    ]) {
      await expect(call).to.be.revertedWithCustomError(registry, "UnknownModel").withArgs(unknown);
    }
  });

  it("deprecation ends new requests and offers, nothing else", async () => {
    const { world, modelId, operators } = stage();
    const [operator] = operators;
    await world.coordinator.connect(operator.account).setOffer(modelId, 0n, 60n, 0n, 2_000n);
    const asked = await world.ask(modelId);
    await world.registry.connect(world.signer(7)).deprecate(modelId);
    await expect(world.ask(modelId))
      .to.be.revertedWithCustomError(world.registry, "ModelIsDeprecated")
      .withArgs(modelId);
    await expect(world.coordinator.connect(operator.account).setOffer(modelId, 1n, 60n, 0n, 0n))
      .to.be.revertedWithCustomError(world.registry, "ModelIsDeprecated")
      .withArgs(modelId);
    const signed = await world.answer(asked, operator);
    await world.time.increase(world.parameters.window);
    await world.finalise(asked, signed);
    await world.coordinator.connect(operator.account).removeOffer(modelId, operator.address);
    await world.registry.connect(world.signer(7)).setRoyalty(modelId, 1n);
  });

  it("keeps owner and royalty of the requests that were made under them", async () => {
    const { world, modelId, operators } = stage();
    const asked = await world.ask(modelId);
    await world.registry.connect(world.signer(7)).setRoyalty(modelId, 10_000n);
    const signed = await world.answer(asked, operators[0]);
    await world.time.increase(world.parameters.window);
    await world.finalise(asked, signed);
    expect(await world.coordinator.owedTo(owner())).to.equal((FEE * 500n) / 10_000n);
    expect(await world.coordinator.owedTo(operators[0].address)).to.equal(FEE - (FEE * 500n) / 10_000n);
  });

  it("requests no model whose tensors no transaction carries", async () => {
    const { world } = stage();
    const wide = (elements: number) => [tensor({ dims: [elements] })];
    const fits = await world.register(world.signer(7), artefact({ inputs: wide(16_384), outputs: wide(16_384) }));
    await world.ask(fits, { input: `0x${"01".repeat(65_536)}`, policy: callbacks({}, { callbackGas: 0 }) });
    for (const changes of [{ inputs: wide(16_385) }, { outputs: wide(16_385) }]) {
      const modelId = await world.register(world.signer(7), artefact(changes));
      await expect(world.ask(modelId))
        .to.be.revertedWithCustomError(world.coordinator, "ModelTooLarge")
        .withArgs(modelId);
    }
  });
});

function refusal<T>(name: string, error: string, args: readonly unknown[], call: () => T) {
  return { name, error, args, call };
}
