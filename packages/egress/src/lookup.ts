import { quote, TenantryError } from "@tenantry/core";
import type * as Resolver from "node:dns/promises";
import type { LookupFunction } from "node:net";

/** Gives every address of a host name; rejects where it has none. */
export type Lookup = (hostname: string) => Promise<readonly string[]>;

/** The system's own resolver; throws `CONFIG_INVALID` in a runtime that has none. */
export async function systemLookup(hostname: string): Promise<readonly string[]> {
  const { lookup } = await loadResolver();
  const found = await lookup(hostname, { all: true });
  return found.map(({ address }) => address);
}

/** A `lookup` for sockets: what it gives is what is dialled, so nothing can change between the check and the dial. */
export function socketLookup(resolve: Lookup): LookupFunction {
  return (hostname, options, callback) => {
    dialled(resolve, hostname).then(
      (found) => {
        const [first] = found;
        if (first === undefined) callback(noAddress(hostname), "");
        else if (options.all === true) callback(null, found);
        else callback(null, first.address, first.family);
      },
      (failure: unknown) => callback(failure as NodeJS.ErrnoException, ""),
    );
  };
}

/** A lookup that keeps to no contract fails here, where it fails its request. */
async function dialled(resolve: Lookup, hostname: string): Promise<{ address: string; family: 4 | 6 }[]> {
  const addresses = await resolve(hostname);
  return addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
}

/** Loaded with the first name, so that runtimes without a resolver never meet it. */
async function loadResolver(): Promise<typeof Resolver> {
  try {
    return await import("node:dns/promises");
  } catch (cause) {
    const what =
      "This runtime resolves no names, and foreign ones must be checked; give createEgress a lookup.";
    throw new TenantryError("CONFIG_INVALID", what, { cause });
  }
}

/** The error of a name that leads nowhere. */
export function noAddress(hostname: string): Error {
  return Object.assign(new Error(`No address for ${quote(hostname)}.`), { code: "ENOTFOUND" });
}
