import type dns from "node:dns";
import type { LookupAddress, LookupOptions } from "node:dns";
import { expect } from "chai";
import { isPublic, lookupAllowed } from "./publicAddress.ts";
import { SourceError } from "./sourceError.ts";

const PUBLIC = ["1.1.1.1", "8.8.8.8", "172.15.255.255", "172.32.0.0", "193.0.0.1", "223.255.255.255"];
const PUBLIC_IPV6 = ["2606:4700:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8"];

const NOT_PUBLIC: Readonly<Record<string, readonly string[]>> = {
  unspecified: ["0.0.0.0", "0.255.255.255", "::"],
  loopback: ["127.0.0.1", "127.255.255.254", "::1"],
  private: ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.255.255"],
  "unique-local": ["fc00::1", "fdff::1"],
  "link-local": ["169.254.169.254", "fe80::1", "febf::1", "fe80::1%eth0"],
  "site-local, obsolete": ["fec0::1"],
  "shared by a carrier": ["100.64.0.1", "100.127.255.255"],
  multicast: ["224.0.0.1", "239.255.255.255", "ff02::1"],
  "broadcast and reserved": ["255.255.255.255", "240.0.0.1", "192.0.0.8"],
  "for documentation and benchmarks": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "198.18.0.1"],
  "IPv4 in IPv6": ["::ffff:127.0.0.1", "::ffff:a00:1", "::a00:1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1"],
  "a tunnel to IPv4": ["2002:7f00:1::", "2001:0:a00:1::"],
  "not assigned": ["4000::1"],
  "no address": ["", "localhost", "1.1.1.1.1", "[::1]"],
};

describe("isPublic", () => {
  for (const address of [...PUBLIC, ...PUBLIC_IPV6]) {
    it(`${address} is public`, () => expect(isPublic(address)).to.equal(true));
  }
  for (const [kind, addresses] of Object.entries(NOT_PUBLIC)) {
    for (const address of addresses) {
      it(`"${address}" is not: ${kind}`, () => expect(isPublic(address)).to.equal(false));
    }
  }
});

describe("lookupAllowed", () => {
  /** Answers like a name server: with these addresses, or an error for none. */
  const resolving = (...addresses: string[]) => {
    const found = addresses.map((address): LookupAddress => ({ address, family: address.includes(":") ? 6 : 4 }));
    const resolve = (_: string, __: LookupOptions, done: (error: Error | null, found?: LookupAddress[]) => void) =>
      addresses.length === 0 ? done(new Error("ENOTFOUND")) : done(null, found);
    return lookupAllowed(isPublic, resolve as typeof dns.lookup);
  };
  const outcome = (lookup: ReturnType<typeof resolving>, options: LookupOptions) =>
    new Promise((resolve) => lookup("example.org", options, (...results) => resolve(results)));

  it("gives what the name resolves to, in the form asked for", async () => {
    const lookup = resolving("8.8.8.8", "2a00::1");
    const all = [
      { address: "8.8.8.8", family: 4 },
      { address: "2a00::1", family: 6 },
    ];
    expect(await outcome(lookup, { all: true })).to.deep.equal([null, all]);
    expect(await outcome(lookup, {})).to.deep.equal([null, "8.8.8.8", 4]);
  });

  it("refuses a name of which any address is not allowed", async () => {
    const [error] = (await outcome(resolving("8.8.8.8", "10.0.0.1"), { all: true })) as [SourceError];
    expect(error).to.be.instanceOf(SourceError).and.include({ failure: "refused" });
    expect(error.message).to.equal("example.org is 10.0.0.1, which is no public address");
  });

  it("passes on that a name does not resolve", async () => {
    const [error] = (await outcome(resolving(), { all: true })) as [Error];
    expect(error.message).to.equal("ENOTFOUND");
  });
});
