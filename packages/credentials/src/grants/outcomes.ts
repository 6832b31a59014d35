import { RecentMap, type CredentialKey } from "@tenantry/core";
import { spell } from "../credential-key.ts";
import type { Grant } from "./grant.ts";
import type { Intent } from "./grant-rows.ts";

/** What became of a refresh: its token was not used, or the issuer gave this grant for it. */
export type Outcome = "unused" | Grant;

/** How many of each kind are remembered. */
const maxOutcomes = 10_000;

/**
 * What became of refreshes of this process whose end is not in the store. Tokens that an issuer gave are kept apart from
 * the refreshes that came to nothing, of which a server that is away makes as many as there are calls.
 */
export class Outcomes {
  readonly #unused = new RecentMap<string, true>(maxOutcomes);
  readonly #grants = new RecentMap<string, Grant>(maxOutcomes);

  get(key: CredentialKey, intent: Intent): Outcome | undefined {
    const name = nameOf(key, intent);
    return this.#grants.get(name) ?? (this.#unused.get(name) && "unused");
  }

  remember(key: CredentialKey, intent: Intent, outcome: Outcome): void {
    const name = nameOf(key, intent);
    if (outcome === "unused") this.#unused.set(name, true);
    else this.#grants.set(name, outcome);
  }

  /** Forgets what the store knows by now, or nobody will ask for. */
  forget(key: CredentialKey, intent: Intent): void {
    const name = nameOf(key, intent);
    this.#unused.take(name);
    this.#grants.take(name);
  }
}

/** A fence is never given twice for one lease, so it names the intent. */
function nameOf(key: CredentialKey, { fence }: Intent): string {
  return `${fence}:${spell(key)}`;
}
