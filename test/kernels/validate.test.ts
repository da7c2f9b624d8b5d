// What is malformed: every rule on both sides of its boundary, and against WebAssembly's own validation.
import { expect } from "chai";
import { decodeDescriptor, encodeDescriptor } from "../../oracle/vm/descriptor.ts";
import { toHex } from "../../oracle/vm/keccak.ts";
import { RULES, type Rule } from "../../oracle/vm/malformed.ts";
import { validate } from "../../oracle/vm/validate.ts";
import { Random } from "../../scripts/models/random.ts";
import { runs, seed } from "../budget.ts";
import { BOUNDARIES } from "./boundaries.ts";
import { mutatedLeaf } from "./mutate.ts";
import { opinionsOn } from "./wasmOpinion.ts";

describe("validation of kernels", () => {
  for (const expected of [undefined, ...RULES]) {
    it(`draws the line: ${expected ?? "well-formed"}`, () => {
      const boundaries = BOUNDARIES.filter(({ rule }) => rule === expected);
      expect(boundaries).to.not.be.empty;
      for (const { name, leaf } of boundaries) {
        const { malformed } = validate(leaf.descriptor, leaf.chunks);
        expect(malformed?.rule, `${name}: ${malformed?.detail}`).to.equal(expected);
      }
    });
  }

  it(`judges whatever bytes there are, and well-formed ones come back from their kernel (seed ${seed})`, function () {
    this.timeout(0);
    const random = new Random(BigInt(seed));
    const counts = new Map<Rule | "well-formed", number>();
    for (let i = 0; i < runs(3_000, 300_000); i++) {
      const { descriptor, chunks } = mutatedLeaf(random);
      const { malformed } = validate(descriptor, chunks);
      const outcome = malformed?.rule ?? "well-formed";
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      if (malformed) continue;
      expect(toHex(encodeDescriptor(decodeDescriptor(descriptor)))).to.equal(toHex(descriptor));
    }
    const reached = ["well-formed" as const, ...RULES].map((rule) => `${rule} ${counts.get(rule) ?? 0}`);
    console.log(`      random descriptors: ${reached.join(", ")}`);
    expect(RULES.filter((rule) => !counts.has(rule))).to.deep.equal([]);
  });

  it(`agrees with WebAssembly about types (seed ${seed})`, function () {
    this.timeout(0);
    const random = new Random(BigInt(seed));
    const outcomes = { accepted: 0, rejected: 0 };
    for (let i = 0; i < runs(1_000, 100_000); i++) {
      const { descriptor } = mutatedLeaf(random);
      for (const { ours, host } of opinionsOn(descriptor)) {
        expect(ours, `leaf ${i}: ${toHex(descriptor)}`).to.equal(host);
        outcomes[ours ? "accepted" : "rejected"]++;
      }
    }
    expect(outcomes.accepted).to.be.greaterThan(100);
    expect(outcomes.rejected).to.be.greaterThan(100);
  });
});
