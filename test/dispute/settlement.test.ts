import { expect } from "chai";
import { ZeroHash } from "ethers";
import { pack } from "../../oracle/model/tensor.ts";
import { mined } from "../coordinator/world.ts";
import { identityModel } from "../onnxModels.ts";
import { deployArena, PARAMETERS, Phase, RULES, type Session } from "./arena.ts";
import { Scene, staged } from "./scene.ts";
import { Subject } from "./subject.ts";

const ALL_CHUNKS = 2n ** 64n - 1n;
const TIMEOUT = 5n;
const BOND = PARAMETERS.operatorBond;

/** 70 chunks: a root with two frontiers below it. */
const subject = new Subject(
  identityModel("f32", [70 * 64]),
  pack(
    "f32",
    Array.from({ length: 70 * 64 }, (_, i) => i + 1),
  ),
);
const WRONG_CHUNK = 69;
const WRONG_ELEMENT = WRONG_CHUNK * 64;

describe("clocks and money of a dispute", () => {
  const scene = staged(async () =>
    Scene.of(await deployArena(), subject, { trace: subject.corrupted(WRONG_CHUNK * 256) }),
  );
  const at = (timestamp: bigint) => scene().arena.time.setNextBlockTimestamp(timestamp);
  const owed = (address: string) => scene().game.owedTo(address);
  const refutedBy = async (sent: ReturnType<Scene["sendTimeout"]>) =>
    scene().arena.event(await mined(sent), "Refuted").args;
  /** Balance of the game, beyond the bonds of open sessions and what it owes to these. */
  const surplus = async (open: number, ...accounts: string[]) => {
    const { ethers } = scene().arena.connection;
    const balance = await ethers.provider.getBalance(scene().game);
    const debts = await Promise.all(accounts.map(owed));
    return balance - debts.reduce((sum, debt) => sum + debt, 0n) - BigInt(open) * RULES.challengeBond;
  };

  describe("the operator's clock", () => {
    it("convicts it a second after it ran out, and not before", async () => {
      const { game, challenger, asserted, operator, arena } = scene();
      const session = await scene().open();
      const until = BigInt(session.since) + RULES.clock;
      await at(until);
      await expect(scene().sendTimeout(session)).to.be.revertedWithCustomError(game, "ClockRunning").withArgs(until);
      await at(until + 1n);
      const { ground, chunk } = await refutedBy(scene().sendTimeout(session));
      expect({ ground, chunk }).to.deep.equal({ ground: TIMEOUT, chunk: ALL_CHUNKS });
      expect(await game.sessionStateOf(await game.sessionIdOf(asserted.id, 0))).to.equal(ZeroHash);
      const { stake, locked } = await arena.coordinator.operatorOf(operator.address);
      expect({ stake, locked }).to.deep.equal({ stake: 10n ** 19n - BOND, locked: 0n });
      expect(await owed(challenger.address)).to.be.greaterThan(RULES.challengeBond + BOND / 3n);
      expect(await surplus(0, challenger.address)).to.equal(0n);
    });

    it("takes a commitment in its last second, and gets an increment for it", async () => {
      const session = await scene().open();
      await at(BigInt(session.since) + RULES.clock);
      await scene().commit();
      const next = await scene().pick(session, 1, 34);
      expect(next.operatorClock).to.equal(RULES.increment);
      await at(BigInt(next.since) + RULES.increment);
      const leaves = await scene().reveal(next);
      expect(leaves.operatorClock).to.equal(RULES.increment);
    });

    it("is over for a session that the commitment was too late for, and for no other", async () => {
      const { game } = scene();
      const early = await scene().open();
      await at(BigInt(early.since) + 100n);
      const late = await scene().open();
      await at(BigInt(early.since) + RULES.clock + 1n);
      await scene().commit();
      await expect(scene().sendPick(early, 1, 34))
        .to.be.revertedWithCustomError(game, "WrongPhase")
        .withArgs(Phase.Commit);
      const next = await scene().pick(late, 1, 34);
      expect(next.operatorClock).to.equal(99n + RULES.increment);
      const { ground } = await refutedBy(scene().sendTimeout(early));
      expect(ground).to.equal(TIMEOUT);
    });

    it("refuses late reveals, after which anybody ends it", async () => {
      const { game } = scene();
      const session = await scene().open();
      await scene().commit();
      const picked = await scene().pick(session, 1, 34);
      const until = BigInt(picked.since) + BigInt(picked.operatorClock);
      await at(until + 1n);
      await expect(scene().sendReveal(picked)).to.be.revertedWithCustomError(game, "ClockRanOut").withArgs(until);
      expect((await refutedBy(scene().sendTimeout(picked))).chunk).to.equal(ALL_CHUNKS);
    });
  });

  describe("the owner's clock", () => {
    const idle = async () => {
      const session = await scene().open();
      await scene().commit();
      return { session, since: BigInt(await scene().arena.time.latest()) };
    };

    it("costs it the session: the operator's costs are paid, the rest is burned", async () => {
      const { game, arena, operator, asserted, asked, result } = scene();
      const { session, since } = await idle();
      const { commitGwei } = await game.caseOf(asserted.id);
      expect(commitGwei).to.be.greaterThan(0n);
      await at(since + RULES.clock);
      await expect(scene().sendTimeout(session))
        .to.be.revertedWithCustomError(game, "ClockRunning")
        .withArgs(since + RULES.clock);
      await at(since + RULES.clock + 1n);
      const receipt = await mined(scene().sendTimeout(session));
      const { refund, burned } = arena.event(receipt, "SessionLost").args;
      expect(refund + burned).to.equal(RULES.challengeBond);
      expect(refund).to.be.greaterThan(commitGwei * 10n ** 9n);
      expect(await owed(operator.address)).to.equal(refund);
      expect(await surplus(0, operator.address)).to.equal(burned);
      expect([...(await game.caseOf(asserted.id))].slice(0, 5)).to.deep.equal([
        1n,
        0n,
        0n,
        (await game.caseOf(asserted.id)).committedAt,
        0n,
      ]);
      arena.event(receipt, "Released", arena.coordinator);
      const state = await arena.coordinator.assertionStateOf(asked.id, result.operator);
      expect(state & 3n).to.equal(1n);
      await expect(scene().sendTimeout(session)).to.be.revertedWithCustomError(game, "StateMismatch");
      await expect(game.claim(session)).to.be.revertedWithCustomError(game, "StateMismatch");
    });

    it("refuses its late moves", async () => {
      const { game } = scene();
      const { session, since } = await idle();
      await at(since + RULES.clock + 1n);
      await expect(scene().sendPick(session, 1, 34))
        .to.be.revertedWithCustomError(game, "ClockRanOut")
        .withArgs(since + RULES.clock);
    });

    it("holds the answer until the last session ends", async () => {
      const { arena } = scene();
      const first = await idle();
      const second = await scene().open(scene().stranger);
      await at(first.since + 2n * RULES.clock);
      const released = async (session: Session) => {
        const { logs } = await mined(scene().sendTimeout(session));
        return logs.some((log) => arena.coordinator.interface.parseLog(log)?.name === "Released");
      };
      expect([await released(first.session), await released(second)]).to.deep.equal([false, true]);
    });

    it("pays the commitment once", async () => {
      const { game, asserted } = scene();
      const first = await idle();
      const second = await scene().open();
      await at(first.since + 2n * RULES.clock);
      await mined(scene().sendTimeout(first.session));
      expect((await game.caseOf(asserted.id)).commitGwei).to.equal(0n);
      const { refund } = scene().arena.event(await mined(scene().sendTimeout(second)), "SessionLost").args;
      expect(refund).to.be.lessThan(RULES.challengeBond / 10n);
    });
  });

  describe("a refuted answer", () => {
    it("pays the only session at once: bond, costs and half of the rest", async () => {
      const { game, arena, challenger, asserted } = scene();
      const session = await scene().open();
      await scene().commit();
      const receipt = await mined(
        scene().sendProveElement(0, WRONG_ELEMENT, { from: challenger, sessions: [session] }),
      );
      const { refund } = arena.event(receipt, "Refuted").args;
      const { amount, owner } = arena.event(receipt, "Claimed").args;
      const cost = BigInt(session.ownerCost);
      expect(owner).to.equal(challenger.address);
      expect(amount).to.equal(RULES.challengeBond + cost + (BOND - refund - cost) / 2n);
      expect(await owed(challenger.address)).to.equal(amount);
      expect(await arena.coordinator.owedTo(challenger.address)).to.equal(refund);
      expect(refund).to.be.closeTo(receipt.fee, receipt.fee / 4n);
      expect([...(await game.refutationOf(asserted.id))]).to.deep.equal([0n, 0n, 0n, 0n, 0n]);
      expect(await surplus(0, challenger.address)).to.equal(0n);
      const { ethers } = arena.connection;
      await expect(game.withdrawFor(challenger.address)).to.changeEtherBalance(ethers, challenger, amount);
    });

    it("names the session's owner as the winner, if it can take over", async () => {
      const { arena } = scene();
      const winner = await arena.enlist(arena.signer(4));
      const session = await scene().open(winner.account);
      await scene().commit();
      const receipt = await mined(scene().sendProveElement(0, WRONG_ELEMENT, { sessions: [session] }));
      expect(arena.event(receipt, "Rejected", arena.coordinator).args.winner).to.equal(winner.address);
    });

    it("pays the only session when it comes, if somebody else proved", async () => {
      const { game, asserted, challenger, stranger } = scene();
      const session = await scene().open();
      await scene().commit();
      const { refund } = scene().arena.event(
        await mined(scene().sendProveElement(0, WRONG_ELEMENT, { from: stranger })),
        "Refuted",
      ).args;
      const { costGwei, shareGwei } = await game.refutationOf(asserted.id);
      expect((costGwei + 2n * shareGwei) * 10n ** 9n).to.be.closeTo(BOND - refund, 10n ** 10n);
      await mined(game.claim(session));
      expect(await owed(challenger.address)).to.equal(
        RULES.challengeBond + BigInt(session.ownerCost) + shareGwei * 10n ** 9n,
      );
    });

    it("is shared by the sessions on the path that come forward in time", async () => {
      const { game, arena, asserted, challenger, stranger } = scene();
      const [right, absent, astray] = [await scene().open(), await scene().open(), await scene().open(stranger)];
      await scene().commit();
      const lost = (await arena.played(scene().sendPick(astray, 1, 3, { from: stranger }))).session;
      const prover = arena.signer(5);
      const proved = await mined(scene().sendProveElement(0, WRONG_ELEMENT, { from: prover, sessions: [right] }));
      const joined = arena.event(proved, "Joined").args.session.toObject() as Session;
      expect(joined.phase).to.equal(BigInt(Phase.Joined));
      const { refutedAt, costGwei, shareGwei, joined: count } = await game.refutationOf(asserted.id);
      expect(count).to.equal(1n);
      const until = refutedAt + RULES.payoutDelay;
      await expect(game.claim(joined)).to.be.revertedWithCustomError(game, "PayoutDelayed").withArgs(until);
      // Beside the path: the bond and the costs, at once.
      await mined(game.claim(lost));
      const cost = (session: Session) => {
        const spent = BigInt(session.ownerCost);
        return spent < costGwei * 10n ** 9n ? spent : costGwei * 10n ** 9n;
      };
      expect(await owed(stranger.address)).to.equal(RULES.challengeBond + cost(lost));
      await at(until);
      await mined(game.claim(absent));
      await mined(game.claim(joined));
      const expected = 2n * RULES.challengeBond + cost(absent) + cost(joined) + shareGwei * 10n ** 9n;
      expect(await owed(challenger.address)).to.equal(expected);
      expect(await surplus(0, challenger.address, stranger.address)).to.be.greaterThanOrEqual(0n);
      await expect(game.claim(joined)).to.be.revertedWithCustomError(game, "StateMismatch");
    });

    it("is shared equally by all after a time-out", async () => {
      const { game, asserted, challenger, stranger } = scene();
      const first = await scene().open();
      const second = await scene().open(stranger);
      await at(BigInt(first.since) + RULES.clock + 1n);
      const receipt = await mined(scene().sendTimeout(first));
      const joined = scene().arena.event(receipt, "Joined").args.session.toObject() as Session;
      const { session: other } = await scene().arena.played(game.claim(second));
      const { refutedAt, shareGwei } = await game.refutationOf(asserted.id);
      await at(refutedAt + RULES.payoutDelay);
      for (const session of [joined, other]) await mined(game.claim(session));
      const share = (shareGwei * 10n ** 9n) / 2n;
      for (const [{ address }, session] of [
        [challenger, first],
        [stranger, second],
      ] as const) {
        expect(await owed(address)).to.equal(RULES.challengeBond + BigInt(session.ownerCost) + share);
      }
    });

    it("takes no more moves", async () => {
      const { game, asserted, stranger } = scene();
      const first = await scene().open();
      const second = await scene().open(stranger);
      await scene().commit();
      await mined(scene().sendProveElement(0, WRONG_ELEMENT, { sessions: [first] }));
      const refused = [
        () => scene().sendPick(second, 1, 34, { from: stranger }),
        () => scene().sendTimeout(second),
        () => scene().sendCommit(),
        () => scene().sendOpen(),
        () => scene().sendProveElement(0, WRONG_ELEMENT),
      ];
      for (const send of refused) {
        await expect(send()).to.be.revertedWithCustomError(game, "AlreadyRefuted").withArgs(asserted.id);
      }
    });

    it("is not won by a session elsewhere, nor by two", async () => {
      const { game, asserted } = scene();
      const session = await scene().open();
      await scene().commit();
      const astray = await scene().pick(session, 1, 3);
      await expect(scene().sendProveElement(0, WRONG_ELEMENT, { sessions: [astray] }))
        .to.be.revertedWithCustomError(game, "OffPath")
        .withArgs(await game.sessionIdOf(asserted.id, 0), WRONG_CHUNK);
      await expect(scene().sendProveElement(0, WRONG_ELEMENT, { sessions: [astray, astray] }))
        .to.be.revertedWithCustomError(game, "TooManySessions")
        .withArgs(2);
      await expect(game.claim(astray)).to.be.revertedWithCustomError(game, "NotRefuted").withArgs(asserted.id);
    });
  });

  describe("the game's balance", () => {
    it("takes ether from the coordinator and with a bond, and no other", async () => {
      const { game, stranger } = scene();
      await expect(stranger.sendTransaction({ to: game, value: 1n }))
        .to.be.revertedWithCustomError(game, "NotCoordinator")
        .withArgs(stranger.address);
      await expect(stranger.sendTransaction({ to: game, data: "0x12345678", value: 1n })).to.be.revertedWithoutReason(
        scene().arena.connection.ethers,
      );
    });
  });
});
