import type { Provenance } from "@tenantry/core";
import type { AddressPolicy } from "./address-policy.ts";

/** A URL that the policy has passed, and what a request takes from it. Its URL is nobody else's, so it stays as it is. */
export interface Place {
  readonly url: URL;
  readonly origin: string;
  /** What the request line asks for. */
  readonly path: string;
  readonly provenance: Provenance;
}

/** Checks a URL, which may change afterwards without effect; throws `ADDRESS_REFUSED`. */
export function placeOf(given: URL, provenance: Provenance, policy: AddressPolicy): Place {
  const url = new URL(given);
  policy.check(url, provenance);
  return { url, origin: url.origin, path: url.pathname + url.search, provenance };
}
