import { quote, TenantryError } from "@tenantry/core";
import ipaddr from "ipaddr.js";
import { literalOf } from "./public-address.ts";

/** What foreign URLs may lead to beside public addresses. */
export interface AllowList {
  /** Host names, in lower case and ASCII, whatever their addresses are; an address as a URL spells it. */
  readonly hosts: ReadonlySet<string>;
  /** Whether one of the ranges holds this address. */
  holds(address: string): boolean;
}

/**
 * Reads host names and ranges of addresses (CIDR, RFC 4632). Throws `CONFIG_INVALID`, naming the entry, for anything
 * else: a URL, a port, a wildcard, or a range whose address has bits beyond its length.
 */
export function allowListOf(entries: readonly string[]): AllowList {
  // A name alone would be read letter by letter.
  if (!Array.isArray(entries))
    throw new TenantryError("CONFIG_INVALID", 'allow: expected a list, such as ["10.0.0.0/8"].');
  const hosts = new Set<string>();
  const ranges: Range[] = [];
  for (const entry of entries) {
    const range = typeof entry === "string" ? rangeOf(entry) : undefined;
    if (range === undefined) hosts.add(hostOf(entry));
    else ranges.push(range);
  }
  return { hosts, holds: (address) => ranges.some((range) => holds(range, address)) };
}

type Range = ReturnType<typeof ipaddr.parseCIDR>;

/** A range, or an address alone, which is a range of one; `undefined` for what must then be a host name. */
function rangeOf(entry: string): Range | undefined {
  const [address = "", length, ...more] = entry.split("/");
  const isV4 = ipaddr.IPv4.isValidFourPartDecimal(address);
  if (!isV4 && !ipaddr.IPv6.isValid(address)) return undefined;
  const cidr = length === undefined ? `${address}/${isV4 ? 32 : 128}` : entry;
  if (more.length > 0 || !/\/\d+$/u.test(cidr) || !ipaddr.isValidCIDR(cidr)) throw invalid(entry);
  const range = ipaddr.parseCIDR(cidr);
  const first = (isV4 ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(cidr);
  if (first.toString() !== range[0].toString()) throw invalid(entry);
  return range;
}

/** URL is what brings a name into its one spelling, for requests and for this list alike. */
function hostOf(entry: unknown): string {
  const isName =
    typeof entry === "string" && !/[\s@:/?#\\*%[\]]/u.test(entry) && URL.canParse(`http://${entry}/`);
  if (!isName) throw invalid(entry);
  const host = new URL(`http://${entry}/`).hostname.replace(/\.$/u, "");
  // Another spelling of an address is better written as one.
  if (host === "" || literalOf(host) !== undefined) throw invalid(entry);
  return host;
}

function holds([network, length]: Range, address: string): boolean {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) {
    return network.kind() === "ipv4" && ipaddr.IPv4.parse(address).match(network, length);
  }
  return (
    network.kind() === "ipv6" &&
    ipaddr.IPv6.isValid(address) &&
    ipaddr.IPv6.parse(address).match(network, length)
  );
}

function invalid(entry: unknown): TenantryError {
  const expected =
    "expected a host name, an address, or a CIDR without bits beyond its length, such as 10.0.0.0/8";
  return new TenantryError("CONFIG_INVALID", `allow: ${expected}, not ${quote(entry)}.`);
}
