import type { Clock, Era, PipeEndpoint } from "@tenantry/core";

/** How much is remembered, and for how long. */
export interface EraVerdictsOptions {
  readonly maxEraVerdicts: number;
  readonly legacyVerdictTtlMs: number;
  readonly clock: Clock;
}

/**
 * Which era each server was found to speak. That is a fact about the server and the only one kept here: what it can
 * do, and for whom, belongs to each user's own connection.
 */
export class EraVerdicts {
  readonly #byUrl = new Map<string, { readonly era: Era; readonly at: number }>();
  readonly #byPipe = new WeakMap<PipeEndpoint, Era>();
  readonly #options: EraVerdictsOptions;

  constructor(options: EraVerdictsOptions) {
    this.#options = options;
  }

  /** What is known; a legacy verdict grows old, because servers are upgraded and seldom the other way. */
  get(server: URL | PipeEndpoint): Era | undefined {
    if (!(server instanceof URL)) return this.#byPipe.get(server);
    const verdict = this.#byUrl.get(server.href);
    if (verdict === undefined) return undefined;
    this.#byUrl.delete(server.href);
    const age = this.#options.clock.now() - verdict.at;
    if (verdict.era === "legacy" && age >= this.#options.legacyVerdictTtlMs) return undefined;
    this.#byUrl.set(server.href, verdict);
    return verdict.era;
  }

  /** Remembers a verdict and forgets the one that was used least recently where there are too many. */
  set(server: URL | PipeEndpoint, era: Era): void {
    if (!(server instanceof URL)) {
      this.#byPipe.set(server, era);
      return;
    }
    // A confirmed verdict keeps its date, or it would never be questioned.
    const known = this.#byUrl.get(server.href);
    this.#byUrl.delete(server.href);
    this.#byUrl.set(server.href, known?.era === era ? known : { era, at: this.#options.clock.now() });
    if (this.#byUrl.size <= this.#options.maxEraVerdicts) return;
    const [oldest] = this.#byUrl.keys();
    if (oldest !== undefined) this.#byUrl.delete(oldest);
  }

  /** Forgets a verdict that turned out to be wrong. */
  drop(server: URL | PipeEndpoint): void {
    if (server instanceof URL) this.#byUrl.delete(server.href);
    else this.#byPipe.delete(server);
  }
}
