import { expect } from "chai";
import { InvalidArgumentError } from "commander";
import { formatEth, formatTime, parseAddress, parseEth, parseHash, parseWhole, sameAddress } from "./amounts.ts";

describe("amounts", () => {
  it("reads ether as wei and back", () => {
    for (const [text, wei] of [
      ["1", 10n ** 18n],
      ["0.25", 25n * 10n ** 16n],
      ["0.000000000000000001", 1n],
      ["123456789", 123456789n * 10n ** 18n],
      ["0", 0n],
    ] as const) {
      expect(parseEth(text)).to.equal(wei);
      expect(formatEth(wei)).to.equal(`${text} ETH`);
    }
  });

  it("refuses what is no amount", () => {
    for (const text of ["", "-1", "1e3", "1,5", ".5", "1.", "0x10", "0.0000000000000000001", "ten"]) {
      expect(() => parseEth(text), text).to.throw(InvalidArgumentError);
    }
  });

  it("reads whole numbers within bounds", () => {
    const parse = parseWhole(1, 100);
    expect(parse("7")).to.equal(7);
    for (const text of ["0", "101", "1.5", "-1", "1e1", "", "0x10"])
      expect(() => parse(text)).to.throw("from 1 to 100");
  });

  it("reads addresses and hashes", () => {
    const address = `0x${"aB".repeat(20)}`;
    expect(parseAddress(address)).to.equal(address);
    expect(parseHash(`0x${"AB".repeat(32)}`)).to.equal(`0x${"ab".repeat(32)}`);
    expect(() => parseAddress("0x12")).to.throw(InvalidArgumentError);
    expect(() => parseHash(address)).to.throw(InvalidArgumentError);
    expect(sameAddress(address, address.toLowerCase())).to.equal(true);
    expect(sameAddress(address, `0x${"aC".repeat(20)}`)).to.equal(false);
  });

  it("shows times in UTC", () => expect(formatTime(1_800_000_000)).to.equal("2027-01-15T08:00:00Z"));
});
