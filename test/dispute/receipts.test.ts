import { expect } from "chai";
import { parseEther, ZeroAddress, ZeroHash } from "ethers";
import type { Result } from "../../oracle/dispute/session.ts";
import { pack } from "../../oracle/model/tensor.ts";
import { ChunkTree, chunkRoot } from "../../oracle/vm/chunkTree.ts";
import type { Hex } from "../../oracle/vm/keccak.ts";
import { mined } from "../coordinator/world.ts";
import { identityModel } from "../onnxModels.ts";
import { type Arena, deployArena, type Operator, PARAMETERS, RULES } from "./arena.ts";
import { chunkProof, Subject } from "./subject.ts";

const BOND = PARAMETERS.operatorBond;
const NO_HASH = ZeroHash as Hex;
const subject = new Subject(
  identityModel("f32", [130]),
  pack(
    "f32",
    Array.from({ length: 130 }, (_, i) => i),
  ),
);
const wrong = new ChunkTree(subject.corrupted(4));
const output = subject.output(subject.corrupted(4));

describe("receipts", () => {
  let arena: Arena;
  let operator: Operator;
  let model: Awaited<ReturnType<Arena["register"]>>;
  let snapshot: Awaited<ReturnType<Arena["connection"]["networkHelpers"]["takeSnapshot"]>>;
  before(async () => {
    arena = await deployArena();
    operator = await arena.enlist(arena.signer(1));
    model = await arena.register(subject);
    snapshot = await arena.connection.networkHelpers.takeSnapshot();
  });
  beforeEach(() => snapshot.restore());

  const receipts = () => arena.contracts.receipts;
  const now = async () => BigInt(await arena.time.latest());
  const sign = async (changes: Partial<Result> = {}) => {
    const result: Result = {
      modelId: model.id,
      requestId: NO_HASH,
      inputRoot: chunkRoot(subject.input),
      outputRoot: chunkRoot(output),
      traceRoot: wrong.root,
      operator: operator.address,
      issuedAt: await now(),
      ...changes,
    };
    const id = await arena.game.assertionIdOf(result);
    return { id, result, signature: operator.key.sign(id).serialized };
  };
  const post = ({ result, signature }: Awaited<ReturnType<typeof sign>>, from = operator.account, value = 0n) =>
    receipts().connect(from).postReceipt(result, signature, subject.input, output, { value });
  const refute = ({ result }: Awaited<ReturnType<typeof sign>>) =>
    arena.game.proveElement(
      result,
      model.encoded,
      subject.kernelProof(0),
      chunkProof(wrong, 0),
      1,
      subject.witness(subject.canonical, 0, { element: 1, from: 0, to: 0 }),
      [],
    );

  it("are taken by the game, and not by the code that it runs for them", async () => {
    const docket = await arena.game.docket();
    const { result, signature } = await sign();
    const atDocket = receipts().attach(docket) as ReturnType<typeof receipts>;
    const posted = atDocket.connect(operator.account).postReceipt(result, signature, subject.input, output);
    await expect(posted).to.be.revertedWithCustomError(receipts(), "NotTheGame").withArgs(docket);
    const challenged = atDocket
      .connect(arena.signer(2))
      .challengeReceipt(result, signature, model.encoded, subject.input, output, { value: RULES.challengeBond });
    await expect(challenged).to.be.revertedWithCustomError(receipts(), "NotTheGame").withArgs(docket);
  });

  describe("verified", () => {
    it("are usable from their time on", async () => {
      const { id, result, signature } = await sign();
      expect(await receipts().verifyReceipt(result, signature, parseEther("10"))).to.equal(id);
      await arena.time.increaseTo(result.issuedAt + RULES.receiptUse);
      expect(await receipts().verifyReceipt(result, signature, 0n)).to.equal(id);
      await arena.time.increaseTo(result.issuedAt + RULES.receiptUse + 1n);
      await expect(receipts().verifyReceipt(result, signature, 0n))
        .to.be.revertedWithCustomError(receipts(), "NotUsable")
        .withArgs(result.issuedAt, result.issuedAt + RULES.receiptUse, result.issuedAt + RULES.receiptUse + 1n);
    });

    it("are refused from the future, for a request, of unknown models and by other keys", async () => {
      const future = await sign({ issuedAt: (await now()) + 100n });
      await expect(receipts().verifyReceipt(future.result, future.signature, 0n)).to.be.revertedWithCustomError(
        receipts(),
        "NotUsable",
      );
      const answer = await sign({ requestId: `0x${"01".repeat(32)}` });
      await expect(receipts().verifyReceipt(answer.result, answer.signature, 0n))
        .to.be.revertedWithCustomError(receipts(), "NotAReceipt")
        .withArgs(answer.result.requestId);
      const unknown = await sign({ modelId: NO_HASH });
      await expect(receipts().verifyReceipt(unknown.result, unknown.signature, 0n))
        .to.be.revertedWithCustomError(arena.game, "NotJudged")
        .withArgs(NO_HASH);
      const other = await sign({ operator: arena.signer(7).address });
      await expect(receipts().verifyReceipt(other.result, other.signature, 0n)).to.be.revertedWithCustomError(
        receipts(),
        "WrongReceiptSigner",
      );
      const nobody = await sign({ operator: ZeroAddress });
      await expect(receipts().verifyReceipt(nobody.result, nobody.signature, 0n)).to.be.revertedWithCustomError(
        receipts(),
        "WrongReceiptSigner",
      );
    });

    it("are backed by stake that neither leaves nor was slashed", async () => {
      const { result, signature } = await sign();
      const verify = (minStake = 0n) => receipts().verifyReceipt(result, signature, minStake);
      await expect(verify(parseEther("10") + 1n))
        .to.be.revertedWithCustomError(receipts(), "BackingTooLow")
        .withArgs(operator.address, parseEther("10"), parseEther("10") + 1n);
      const coordinator = arena.coordinator.connect(operator.account);
      await coordinator.requestExit(1n);
      await expect(verify())
        .to.be.revertedWithCustomError(receipts(), "OperatorExiting")
        .withArgs(operator.address, 1n);
      await arena.time.increase(PARAMETERS.exitDelay);
      await coordinator.completeExit(operator.address);
      await coordinator.requestExit(parseEther("9.5"));
      await arena.time.increase(PARAMETERS.exitDelay);
      await coordinator.completeExit(operator.address);
      const late = await sign();
      await expect(receipts().verifyReceipt(late.result, late.signature, 0n))
        .to.be.revertedWithCustomError(receipts(), "BackingTooLow")
        .withArgs(operator.address, parseEther("0.5") - 1n, PARAMETERS.minStake);
    });

    it("count no more after a slash, until the operator stakes again", async () => {
      const first = await sign();
      await mined(post(first));
      await mined(refute(first));
      const second = await sign({ outputRoot: chunkRoot(subject.input) });
      await expect(receipts().verifyReceipt(second.result, second.signature, 0n))
        .to.be.revertedWithCustomError(receipts(), "OperatorSlashed")
        .withArgs(operator.address);
      await arena.coordinator.connect(operator.account).stake({ value: 1n });
      expect(await receipts().verifyReceipt(second.result, second.signature, 0n)).to.equal(second.id);
      await expect(receipts().verifyReceipt(first.result, first.signature, 0n))
        .to.be.revertedWithCustomError(arena.game, "NotLive")
        .withArgs(first.id);
    });

    it("end with their key", async () => {
      const { result, signature } = await sign();
      const key = arena.connection.ethers.computeAddress(operator.key.publicKey);
      await arena.coordinator.connect(operator.account).retireKey(key);
      await expect(receipts().verifyReceipt(result, signature, 0n))
        .to.be.revertedWithCustomError(receipts(), "SigningKeyRetired")
        .withArgs(key, await now());
    });
  });

  describe("posted", () => {
    it("are public, counted, and disputable for a window", async () => {
      const receipt = await sign();
      const sent = await mined(post(receipt));
      const until = (await now()) + PARAMETERS.window;
      const { args } = arena.event(sent, "ReceiptPosted", receipts());
      expect([args.assertionId, args.disputableUntil]).to.deep.equal([receipt.id, until]);
      expect([...(await receipts().receiptOf(receipt.id))]).to.deep.equal([until, false]);
      expect([...(await receipts().exposureOf(operator.address))]).to.deep.equal([parseEther("10"), 0n, 1n, BOND]);
      await expect(post(receipt)).to.be.revertedWithCustomError(receipts(), "AlreadyPosted").withArgs(receipt.id);
    });

    it("cost others what the operator asks, and are not for sale at 0", async () => {
      const receipt = await sign();
      const buyer = arena.signer(6);
      await expect(post(receipt, buyer))
        .to.be.revertedWithCustomError(receipts(), "PostingPriceMismatch")
        .withArgs(0n, 0n);
      await receipts().connect(operator.account).setPostingPrice(50n);
      expect(await receipts().postingPriceOf(operator.address)).to.equal(50n);
      await expect(post(receipt, buyer, 49n))
        .to.be.revertedWithCustomError(receipts(), "PostingPriceMismatch")
        .withArgs(50n, 49n);
      await expect(post(receipt, operator.account, 50n))
        .to.be.revertedWithCustomError(receipts(), "PostingPriceMismatch")
        .withArgs(0n, 50n);
      await mined(post(receipt, buyer, 50n));
      expect(await arena.game.owedTo(operator.address)).to.equal(50n);
    });

    it("come with their data, of their length", async () => {
      const { result, signature } = await sign();
      const send = (input: Uint8Array, given: Uint8Array) =>
        receipts().connect(operator.account).postReceipt(result, signature, input, given);
      await expect(send(subject.input.slice(1), output))
        .to.be.revertedWithCustomError(receipts(), "ReceiptLengthMismatch")
        .withArgs(520, 519);
      await expect(send(subject.input, subject.input))
        .to.be.revertedWithCustomError(receipts(), "ReceiptDataMismatch")
        .withArgs(result.outputRoot, chunkRoot(subject.input));
      await expect(send(new Uint8Array(), new Uint8Array())).to.be.revertedWithCustomError(
        receipts(),
        "ReceiptLengthMismatch",
      );
    });

    it("come in time: while they can be used, or for a challenge a window longer", async () => {
      const receipt = await sign();
      const { result, signature } = receipt;
      const used = result.issuedAt + RULES.receiptUse;
      await arena.time.setNextBlockTimestamp(used + 1n);
      await expect(post(receipt)).to.be.revertedWithCustomError(receipts(), "TooLateToPost").withArgs(used);
      const challenge = () =>
        receipts()
          .connect(arena.signer(2))
          .challengeReceipt(result, signature, model.encoded, subject.input, output, { value: RULES.challengeBond });
      await arena.time.setNextBlockTimestamp(used + PARAMETERS.window + 1n);
      await expect(challenge())
        .to.be.revertedWithCustomError(receipts(), "TooLateToPost")
        .withArgs(used + PARAMETERS.window);
    });

    it("are answers to no request, of judged models, by keys that still answer for them", async () => {
      const answer = await sign({ requestId: `0x${"01".repeat(32)}` });
      await expect(post(answer)).to.be.revertedWithCustomError(receipts(), "NotAReceipt");
      const unknown = await sign({ modelId: NO_HASH });
      await expect(post(unknown)).to.be.revertedWithCustomError(arena.game, "NotJudged").withArgs(NO_HASH);
      const key = arena.connection.ethers.computeAddress(operator.key.publicKey);
      await arena.coordinator.connect(operator.account).retireKey(key);
      const retiredAt = await now();
      const receipt = await sign();
      await mined(post(receipt));
      const late = await sign({ issuedAt: retiredAt + PARAMETERS.exitDelay });
      await arena.time.setNextBlockTimestamp(retiredAt + PARAMETERS.exitDelay + 1n);
      await expect(post(late)).to.be.revertedWithCustomError(receipts(), "SigningKeyRetired").withArgs(key, retiredAt);
    });

    it("need no data that no transaction carries", async () => {
      const large = new Subject(identityModel("f32", [16_385]), new Uint8Array(4 * 16_385));
      const registered = await arena.register(large);
      const { result, signature } = await sign({ modelId: registered.id, outputRoot: NO_HASH });
      const send = (input: Uint8Array) =>
        receipts().connect(operator.account).postReceipt(result, signature, input, new Uint8Array());
      await expect(send(subject.input)).to.be.revertedWithCustomError(receipts(), "ReceiptLengthMismatch");
      await mined(send(new Uint8Array()));
    });
  });

  describe("challenged", () => {
    it("are posted and disputed in one call, and lose a bond of stake", async () => {
      const { id, result, signature } = await sign();
      const challenger = arena.signer(2);
      const receipt = await mined(
        receipts()
          .connect(challenger)
          .challengeReceipt(result, signature, model.encoded, subject.input, output, { value: RULES.challengeBond }),
      );
      const session = arena.event(receipt, "Opened").args.session.toObject();
      const again = await mined(
        receipts()
          .connect(challenger)
          .challengeReceipt(result, "0x", model.encoded, "0x", "0x", { value: RULES.challengeBond }),
      );
      expect(arena.event(again, "Opened").args.session.serial).to.equal(1n);
      await arena.time.increase(RULES.clock + 1n);
      await mined(arena.game.timeout(session, result));
      expect((await receipts().receiptOf(id)).refuted).to.equal(true);
      const { unlocked, open } = await receipts().exposureOf(operator.address);
      expect([unlocked, open]).to.deep.equal([parseEther("10") - BOND, 0n]);
    });

    it("are refuted without a session, and pay what stake there is", async () => {
      const coordinator = arena.coordinator.connect(operator.account);
      const receipt = await sign();
      await mined(post(receipt));
      await coordinator.requestExit(parseEther("10"));
      const { args } = arena.event(await mined(refute(receipt)), "Refuted");
      expect(args.operator).to.equal(operator.address);
      expect((await arena.coordinator.operatorOf(operator.address)).exiting).to.equal(parseEther("10") - BOND);
      await expect(refute(receipt)).to.be.revertedWithCustomError(arena.game, "AlreadyRefuted");
    });

    it("pay the sessions with what the operator has left", async () => {
      const coordinator = arena.coordinator.connect(operator.account);
      await coordinator.requestExit(parseEther("9.99"));
      await arena.time.increase(PARAMETERS.exitDelay);
      const { result, signature, id } = await sign();
      const challenger = arena.signer(2);
      const { session } = await arena.played(
        receipts()
          .connect(challenger)
          .challengeReceipt(result, signature, model.encoded, subject.input, output, { value: RULES.challengeBond }),
      );
      await coordinator.completeExit(operator.address);
      await arena.time.increase(RULES.clock + 1n);
      const timed = await mined(arena.game.timeout(session, result));
      const { refund } = arena.event(timed, "Refuted").args;
      const { amount } = arena.event(timed, "Claimed").args;
      expect(amount).to.equal(RULES.challengeBond + parseEther("0.01") - refund);
      expect((await arena.game.caseOf(id)).refuted).to.equal(true);
    });

    it("are over after their window", async () => {
      const receipt = await sign();
      await expect(receipts().closeReceipt(receipt.result))
        .to.be.revertedWithCustomError(receipts(), "NotPosted")
        .withArgs(receipt.id);
      await mined(post(receipt));
      const until = (await now()) + PARAMETERS.window;
      const { game } = arena;
      const { session } = await arena.played(game.open(receipt.result, model.encoded, { value: RULES.challengeBond }));
      await arena.time.increaseTo(until);
      await expect(receipts().closeReceipt(receipt.result))
        .to.be.revertedWithCustomError(receipts(), "ReceiptOpen")
        .withArgs(until);
      await expect(game.open(receipt.result, model.encoded, { value: RULES.challengeBond }))
        .to.be.revertedWithCustomError(game, "WindowOver")
        .withArgs(until);
      await mined(game.timeout(session, receipt.result));
      await expect(receipts().closeReceipt(receipt.result)).to.be.revertedWithCustomError(receipts(), "NotPosted");

      const other = await sign({ outputRoot: chunkRoot(subject.input) });
      await mined(
        receipts().connect(operator.account).postReceipt(other.result, other.signature, subject.input, subject.input),
      );
      await arena.time.increase(PARAMETERS.window);
      await expect(receipts().closeReceipt(other.result))
        .to.emit(receipts(), "ReceiptClosed")
        .withArgs(other.id, operator.address);
      expect((await receipts().exposureOf(operator.address)).open).to.equal(0n);
      await expect(refute(other)).to.be.revertedWithCustomError(game, "NotLive").withArgs(other.id);
    });
  });

  describe("that contradict each other", () => {
    it("cost one bond, once, half of it to who shows it", async () => {
      const [first, second] = [await sign(), await sign({ outputRoot: chunkRoot(subject.input) })];
      const reporter = arena.signer(5);
      const report = () =>
        receipts().connect(reporter).proveEquivocation(first.result, first.signature, second.result, second.signature);
      await expect(report())
        .to.emit(receipts(), "Equivocated")
        .withArgs(operator.address, first.id, second.id, reporter.address, BOND);
      expect(await arena.coordinator.owedTo(reporter.address)).to.equal(BOND / 2n);
      await expect(report())
        .to.be.revertedWithCustomError(receipts(), "EquivocationKnown")
        .withArgs(operator.address, model.id, first.result.inputRoot);
    });

    it("are of one operator, model and input, of different outputs, and exact", async () => {
      const first = await sign();
      const lax = await arena.register(subject, { atol: 0.5, salt: `0x${"07".repeat(32)}` });
      const pairs = [
        [first, await sign({ issuedAt: first.result.issuedAt + 1n })],
        [first, await sign({ outputRoot: NO_HASH, inputRoot: NO_HASH })],
        [first, await sign({ outputRoot: NO_HASH, modelId: lax.id })],
        [first, await sign({ outputRoot: NO_HASH, operator: arena.signer(3).address })],
        [await sign({ modelId: lax.id }), await sign({ modelId: lax.id, outputRoot: NO_HASH })],
      ] as const;
      for (const [one, two] of pairs) {
        await expect(
          receipts().proveEquivocation(one.result, one.signature, two.result, two.signature),
        ).to.be.revertedWithCustomError(receipts(), "NoEquivocation");
      }
    });
  });
});
