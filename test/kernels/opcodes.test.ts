// The instruction table of the code against the one of docs/kernels.md.
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { OPCODE_NAMES, OPCODES } from "../../oracle/vm/opcodes.ts";

/** "`51`-`5a`" is ten bytes, "`71` `72`" two, "`b6 bb`" one instruction; a letter is an immediate. */
function encodings(cell: string): string[] {
  const [first = "", ...others] = [...cell.matchAll(/`([0-9a-f]{2}(?: [0-9a-f]{2})?)(?: [xnkb])?`/g)].map(
    ([, bytes = ""]) => bytes,
  );
  if (!cell.includes("`-`")) return [first, ...others];
  const [low, high] = [Number.parseInt(first, 16), Number.parseInt(others[0] ?? "", 16)];
  return Array.from({ length: high - low + 1 }, (_, i) => (low + i).toString(16));
}

describe("the instruction table", () => {
  it("has the bytes and the costs of docs/kernels.md", () => {
    const page = readFileSync("docs/kernels.md", "utf8");
    const rows = [...page.matchAll(/^\| (`[0-9a-f]{2}.*?) \|.*\| ([0-9,]+) \|$/gm)];
    const documented = rows.flatMap(([, cell = "", cost = ""]) =>
      encodings(cell).map((bytes) => [bytes, Number(cost.replace(",", ""))] as const),
    );
    const coded = OPCODE_NAMES.map((name) => {
      const { bytes, cost } = OPCODES[name];
      return [bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" "), cost] as const;
    });
    expect(new Map(documented)).to.deep.equal(new Map(coded));
    expect(documented).to.have.length(coded.length);
  });
});
