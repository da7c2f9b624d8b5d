import { expect } from "chai";
import { ethToWei, gweiToWei } from "./wei.ts";

describe("configured amounts", () => {
  it("are exact to a gwei, and to a wei per gas", () => {
    expect(ethToWei(0.1)).to.equal(10n ** 17n);
    expect(ethToWei(1e-9)).to.equal(10n ** 9n);
    expect(ethToWei(999_999.123456789)).to.equal(999_999_123_456_789n * 10n ** 9n);
    expect(ethToWei(0)).to.equal(0n);
    expect(gweiToWei(0.000000001)).to.equal(1n);
    expect(gweiToWei(200)).to.equal(200n * 10n ** 9n);
    expect(gweiToWei(1_000_000)).to.equal(10n ** 15n);
  });
});
