import type { CredentialDependencies, DirectServer } from "@tenantry/core";
import { guardedFetch, type Egress } from "@tenantry/egress";

/** What a definition's credentials take of an egress. */
export type GuardedEgress = Pick<Egress, "exchange" | "fetch" | "target">;

/**
 * Where a definition's credentials may send requests, and people. A URL that the host's own code wrote is trusted to name
 * what it names, so the metadata and the endpoints at that very origin are too, wherever it is; whatever they name at another
 * origin is somebody else's word, and stays under the strict address policy. Without a definition, all of it is.
 */
export function wayOut(
  egress: GuardedEgress,
  definition: DirectServer | undefined,
): Pick<CredentialDependencies, "fetch" | "checkUrl"> {
  const { url, provenance = "code" } = definition ?? {};
  const own = url === undefined || provenance !== "code" ? undefined : new URL(url).origin;
  const trusted = guardedFetch(egress, { provenance: "code" });
  return {
    fetch: (input, init) => (originOf(input) === own ? trusted(input, init) : egress.fetch(input, init)),
    checkUrl(page) {
      if (page.origin !== own) egress.target({ url: page, provenance: "foreign" });
    },
  };
}

function originOf(input: Parameters<CredentialDependencies["fetch"]>[0]): string {
  return new URL(input instanceof Request ? input.url : input).origin;
}
