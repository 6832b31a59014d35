import { quote, TenantryError, type Provenance } from "@tenantry/core";
import ipaddr from "ipaddr.js";
import type { LookupFunction } from "node:net";

/** Gives every address of a host name; rejects where it has none. */
export type Lookup = (hostname: string) => Promise<readonly string[]>;

/**
 * Refuses a URL that may not be requested at all: another scheme than http or https, or one with a user name or
 * password. A foreign URL is refused too where it spells an address that is not public. Throws `ADDRESS_REFUSED`.
 */
export function checkUrl(url: URL, provenance: Provenance): void {
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new TenantryError(
      "ADDRESS_REFUSED",
      `${quote(url.protocol)} is not requested; give an http or https URL.`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    const what = `The URL at ${quote(url.host)} holds a user name or password; take it out of the URL.`;
    throw new TenantryError("ADDRESS_REFUSED", what);
  }
  if (provenance === "code") return;
  const literal = literalOf(url.hostname);
  if (literal !== undefined && !isPublicAddress(literal)) throw notPublic(url.hostname);
}

/** Resolves a foreign host and gives its addresses; throws `ADDRESS_REFUSED` unless every one of them is public. */
export async function publicAddresses(hostname: string, lookup: Lookup): Promise<readonly string[]> {
  const literal = literalOf(hostname);
  const addresses = literal === undefined ? await lookup(hostname) : [literal];
  if (addresses.length === 0) throw noAddress(hostname);
  if (!addresses.every(isPublicAddress)) throw notPublic(hostname);
  return addresses;
}

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

/** The system's own resolver; throws `CONFIG_INVALID` in a runtime that has none. */
export async function systemLookup(hostname: string): Promise<readonly string[]> {
  const dns = await loadResolver();
  const found = await dns.lookup(hostname, { all: true });
  return found.map(({ address }) => address);
}

/** A `lookup` for sockets: what it gives is what is dialled, so nothing can change between the check and the dial. */
export function socketLookup(resolve: Lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const found = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
        const [first] = found;
        if (first === undefined) callback(noAddress(hostname), "");
        else if (options.all === true) callback(null, found);
        else callback(null, first.address, first.family);
      },
      (failure: unknown) => callback(failure as NodeJS.ErrnoException, ""),
    );
  };
}

/** It is loaded with the first foreign name, so that runtimes without it never meet it. */
async function loadResolver() {
  try {
    return await import("node:dns/promises");
  } catch (cause) {
    const what =
      "This runtime has no resolver, so no foreign URL can be checked; give createEgress a lookup.";
    throw new TenantryError("CONFIG_INVALID", what, { cause });
  }
}

/** The address that a URL's host spells. URL has already brought every spelling of IPv4 into four decimal parts. */
function literalOf(hostname: string): string | undefined {
  if (hostname.startsWith("[")) return hostname.slice(1, -1);
  return ipaddr.IPv4.isValidFourPartDecimal(hostname) ? hostname : undefined;
}

/** Names the host and not its addresses: whoever wrote the URL may not learn what a private name resolves to. */
function notPublic(hostname: string): TenantryError {
  const what = `${quote(hostname)} does not lead to public addresses only; a URL that the host's own code did not write must.`;
  return new TenantryError("ADDRESS_REFUSED", what);
}

function noAddress(hostname: string): Error {
  return Object.assign(new Error(`No address for ${quote(hostname)}.`), { code: "ENOTFOUND" });
}
