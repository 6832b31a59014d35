import { quote, TenantryError, type Provenance } from "@tenantry/core";
import { allowListOf, type AllowList } from "./allow-list.ts";
import { noAddress, type Lookup } from "./lookup.ts";
import { isPublicAddress, literalOf } from "./public-address.ts";

/** Where requests may lead. A URL from the host's own code may lead anywhere, a foreign one to public addresses. */
export class AddressPolicy {
  readonly #allowed: AllowList;

  /** `allow` names what foreign URLs may lead to beside; throws `CONFIG_INVALID` for an entry that is no host or CIDR. */
  constructor(allow: readonly string[] = []) {
    this.#allowed = allowListOf(allow);
  }

  /**
   * Refuses a URL that may not be requested at all: another scheme than http or https, or one with a user name or
   * password. A foreign URL is refused too where it spells an address that is not public, or a name that only ever
   * means this machine or its network; nothing is looked up for that. Throws `ADDRESS_REFUSED`.
   */
  check(url: URL, provenance: Provenance): void {
    if (url.protocol !== "https:" && url.protocol !== "http:") {
      const what = `${quote(url.protocol)} is not requested; give an http or https URL.`;
      throw new TenantryError("ADDRESS_REFUSED", what);
    }
    if (url.username !== "" || url.password !== "") {
      const what = `The URL at ${quote(url.host)} holds a user name or password; take it out of the URL.`;
      throw new TenantryError("ADDRESS_REFUSED", what);
    }
    if (provenance === "code" || this.#allowed.hosts.has(withoutDot(url.hostname))) return;
    const literal = literalOf(url.hostname);
    const refused = literal === undefined ? isLocalName(url.hostname) : !this.#allows(literal);
    if (refused) throw notPublic(url.hostname);
  }

  /** Resolves a foreign host and gives its addresses; throws `ADDRESS_REFUSED` unless every one of them is allowed. */
  async addresses(hostname: string, lookup: Lookup): Promise<readonly string[]> {
    const literal = literalOf(hostname);
    const addresses = literal === undefined ? await lookup(hostname) : [literal];
    if (addresses.length === 0) throw noAddress(hostname);
    if (this.#allowed.hosts.has(withoutDot(hostname))) return addresses;
    if (!addresses.every((address) => this.#allows(address))) throw notPublic(hostname);
    return addresses;
  }

  #allows(address: string): boolean {
    return isPublicAddress(address) || this.#allowed.holds(address);
  }
}

/** Names that lead to this machine, its network or its cloud's metadata, whatever a resolver says (RFC 6761, 6762). */
const localName = /(?:^|\.)(?:localhost|local|internal)$|^(?:metadata|instance-data)$/u;

function isLocalName(hostname: string): boolean {
  return localName.test(withoutDot(hostname));
}

/** A final dot says that a name is complete and changes nothing else. */
function withoutDot(hostname: string): string {
  return hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
}

/** Names the host and not its addresses: whoever wrote the URL may not learn what a private name resolves to. */
function notPublic(hostname: string): TenantryError {
  const what =
    `${quote(hostname)} does not lead to public addresses only; a URL that the host's own code did not write must, ` +
    "unless allow names its host or its addresses.";
  return new TenantryError("ADDRESS_REFUSED", what);
}
