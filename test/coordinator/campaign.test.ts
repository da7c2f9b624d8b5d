// Random walks over everything anybody can do. ASSAY_FUZZ=1 walks longer, ASSAY_SEED repeats a walk.
import { expect } from "chai";
import { runs, seed } from "../budget.ts";
import { Campaign } from "./campaign.ts";
import { Cast } from "./cast.ts";
import { Dice } from "./dice.ts";
import { OperatorMoves } from "./operatorMoves.ts";
import { RequestMoves } from "./requestMoves.ts";
import { ACCOUNT_TRANSITIONS, OUTCOMES, TRANSITIONS } from "./transitions.ts";
import { artefactSpec, deployWorld, kernelSpec } from "./world.ts";

const STEPS = runs(4_000, 60_000);
const TIMEOUT_MS = runs(600_000, 7_200_000);
const START = Date.UTC(2026, 0, 1) / 1000;
const DAY = 86_400;
/** Bits of 2^-10. */
const ATOL = 0x3f50000000000000n;

/** Short, so that many periods end within a campaign. */
const PARAMETERS = { window: 120n, exitDelay: 600n, takeoverPeriod: 40n };

describe(`a campaign of ${STEPS} calls (seed ${seed})`, function () {
  this.timeout(TIMEOUT_MS);

  it("keeps every invariant and takes every transition", async () => {
    const world = await deployWorld({ start: START, parameters: PARAMETERS });
    const cast = await Cast.of(world);
    const audit = await world.connection.ethers.deployContract("Audit");
    const campaign = new Campaign(world, audit, cast);
    // What went before took as long as it took: from here on time is a part of the seed.
    await world.time.increaseTo(START + DAY);
    const tolerant = { ...kernelSpec(cast.owner.address, "tolerant"), atol: ATOL };
    for (const spec of [kernelSpec(cast.owner.address), tolerant, artefactSpec(cast.owner.address)]) {
      await campaign.register(cast.owner, spec);
    }
    const dice = new Dice(BigInt(seed));
    const operatorMoves = new OperatorMoves(campaign, cast, dice);
    const requestMoves = new RequestMoves(campaign, cast, dice);
    const kinds = [...operatorMoves.kinds, ...requestMoves.kinds];

    for (let step = 0; step < STEPS; step++) {
      if (step % 15 === 7) await cast.direct(campaign.ghost, dice);
      if (step % 500 === 250) await campaign.forceEther(BigInt(step));
      requestMoves.forgetClosed();
      const move = await dice.weighted(kinds)();
      if (move === undefined) continue;
      const now = requestMoves.nextTime(BigInt(await world.time.latest()));
      const { taken } = await campaign.take(move, now, dice.word());
      if (taken.includes("deprecate")) await campaign.register(cast.owner, kernelSpec(cast.owner.address, `${step}`));
    }

    await campaign.check("at the end");
    report("transition", campaign.counts);
    report("refusal", campaign.refusals);
    const rows = TRANSITIONS.map(({ id }) => id);
    const known = [...rows, ...Object.keys(OUTCOMES), ...Object.keys(ACCOUNT_TRANSITIONS)];
    const never = known.filter((name) => !campaign.counts.has(name));
    expect(never, "transitions that were never taken").to.deep.equal([]);
    const unknown = [...campaign.counts.keys()].filter((name) => !known.includes(name));
    expect(unknown, "transitions that the table does not have").to.deep.equal([]);
  });
});

function report(kind: string, counts: ReadonlyMap<string, number>): void {
  console.log(`\n      campaign: times, ${kind}`);
  for (const [name, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    console.log(`      ${String(count).padStart(5)}  ${name}`);
  }
}
