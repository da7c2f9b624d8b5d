/** Which addresses a URI may lead to if somebody else chose it: none in the operator's own network. */
import dns from "node:dns";
import type { LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import { SourceError } from "./sourceError.ts";

/** All that is routed in public; what lies beside it embeds IPv4 addresses, is obsolete or is not assigned yet. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR("2000::/3");

/**
 * Whether an IP address is a public one: not loopback, private, link-local, unique-local, multicast, unspecified, shared
 * by a carrier, nor otherwise special (IANA's registries). An IPv4 address in an IPv6 one counts as what it is.
 */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== "unicast") return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_IPV6);
}

/**
 * Resolves like Node does, and fails unless all addresses of the name are allowed. A socket that is given this connects to
 * an address that was checked: a name that resolves to another one a moment later gains nothing.
 */
export function lookupAllowed(
  isAllowed: (address: string) => boolean,
  resolve: typeof dns.lookup = dns.lookup,
): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const other = addresses.find(({ address }) => !isAllowed(address));
      if (other !== undefined) return callback(notAllowed(hostname, other.address), []);
      const [first] = addresses;
      if (options.all || first === undefined) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

export function notAllowed(host: string, address: string): SourceError {
  return new SourceError("refused", `${host === address ? host : `${host} is ${address}, which`} is no public address`);
}
