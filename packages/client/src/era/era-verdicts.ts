import type { Clock, Endpoint, Era, PipeEndpoint } from "@tenantry/core";

/** How much is remembered, and for how long. */
export interface EraVerdictsOptions {
  readonly maxEraVerdicts: number;
  readonly eraVerdictTtlMs: number;
  readonly clock: Clock;
}

/** What is remembered of one server. */
export interface Verdict {
  readonly era: Era;
  /** Whether it speaks the transport of 2024-11-05 only, HTTP with a stream of events. */
  readonly isSse?: boolean | undefined;
  /** Whether it reads nothing before it has heard the end of the handshake. */
  readonly inOrder?: boolean | undefined;
}

interface Dated extends Verdict {
  readonly at: number;
}

/**
 * Which era each server was found to speak. That is a fact about the server and the only one kept here: what it can
 * do, and for whom, belongs to each user's own connection. What a definition's own headers say can lead behind one URL
 * to different servers, so they are part of what a server is known by.
 */
export class EraVerdicts {
  readonly #byUrl = new Map<string, Dated>();
  readonly #byPipe = new WeakMap<PipeEndpoint, Dated>();
  readonly #options: EraVerdictsOptions;

  constructor(options: EraVerdictsOptions) {
    this.#options = options;
  }

  /** What is known; a verdict grows old, because servers are upgraded, and sometimes the other way. */
  get(server: Endpoint): Verdict | undefined {
    const verdict = this.#known(server);
    if (verdict === undefined) return undefined;
    this.drop(server);
    if (this.#options.clock.now() - verdict.at >= this.#options.eraVerdictTtlMs) return undefined;
    this.#keep(server, verdict);
    return verdict;
  }

  /** Remembers a verdict and forgets the one that was used least recently where there are too many. */
  set(server: Endpoint, verdict: Verdict): void {
    const known = this.#known(server);
    this.drop(server);
    // A confirmed verdict keeps its date, or it would never be questioned.
    const before = known?.era === verdict.era ? known : { at: this.#options.clock.now() };
    this.#keep(server, { ...before, ...verdict });
    if (this.#byUrl.size <= this.#options.maxEraVerdicts) return;
    const [oldest] = this.#byUrl.keys();
    if (oldest !== undefined) this.#byUrl.delete(oldest);
  }

  /** Forgets a verdict that turned out to be wrong. */
  drop(server: Endpoint): void {
    if (server.kind === "http") this.#byUrl.delete(nameOf(server));
    else this.#byPipe.delete(server);
  }

  #known(server: Endpoint): Dated | undefined {
    return server.kind === "http" ? this.#byUrl.get(nameOf(server)) : this.#byPipe.get(server);
  }

  #keep(server: Endpoint, verdict: Dated): void {
    if (server.kind === "http") this.#byUrl.set(nameOf(server), verdict);
    else this.#byPipe.set(server, verdict);
  }
}

/** Names a server behind a URL; header names have one spelling and one order in it. */
function nameOf({ url, headers }: Extract<Endpoint, { kind: "http" }>): string {
  const spelt = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return JSON.stringify([url.href, spelt.sort(([a], [b]) => (a < b ? -1 : 1))]);
}
