import { RecentMap, scopeParts, TenantryError, type Clock, type Target } from "@tenantry/core";

/** How long nobody waits again for a server that did not answer in time, where others can be asked, in milliseconds. */
const silentMs = 30_000;
/** Of how many servers, each for one scope, it is remembered. */
const maxSilent = 10_000;

/** The servers that did not list in time of late: who looks for a name among several does not wait for each of them anew. */
export class Silences {
  readonly #clock: Pick<Clock, "now">;
  readonly #since = new RecentMap<string, number>(maxSilent);

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Notes how asking a server ended; a failure that came at once keeps nobody waiting. */
  note(target: Target, failure: unknown): void {
    const isTimeout = failure instanceof TenantryError && failure.code === "TIMEOUT";
    if (isTimeout) this.#since.set(keyOf(target), this.#clock.now());
    else this.#since.take(keyOf(target));
  }

  has(target: Target): boolean {
    const since = this.#since.get(keyOf(target));
    const age = since === undefined ? silentMs : this.#clock.now() - since;
    return age >= 0 && age < silentMs;
  }
}

function keyOf({ scope, server: { id, digest } }: Target): string {
  return JSON.stringify([scopeParts(scope), id, digest]);
}
