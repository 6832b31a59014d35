import ipaddr from "ipaddr.js";

/**
 * Whether an address is one host's on the public internet. An IPv6 address that carries an IPv4 one (mapped, NAT64,
 * 6to4, Teredo) is not: where it leads is decided elsewhere. Follows the IANA special-purpose registries (RFC 6890).
 */
export function isPublicAddress(address: string): boolean {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return ipaddr.IPv4.parse(address).range() === "unicast";
  if (!ipaddr.IPv6.isValid(address)) return false;
  const parsed = ipaddr.IPv6.parse(address);
  // Everything outside 2000::/3 is unassigned or special, also where no registry names it yet.
  return parsed.range() === "unicast" && parsed.match(ipaddr.IPv6.parse("2000::"), 3);
}

/** The address that a URL's host spells. URL has already brought every spelling of IPv4 into four decimal parts. */
export function literalOf(hostname: string): string | undefined {
  if (hostname.startsWith("[")) return hostname.slice(1, -1);
  return ipaddr.IPv4.isValidFourPartDecimal(hostname) ? hostname : undefined;
}
