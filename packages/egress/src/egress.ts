import type { Fetch } from "@tenantry/core";
import type { Lookup } from "./address-policy.ts";
import { exchange, type ExchangeRequest, type ExchangeResponse } from "./exchange.ts";
import { FetchTransport } from "./fetch-transport.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import { limitsOf, type EgressLimits } from "./limits.ts";
import { SocketTransport } from "./socket-transport.ts";
import { closedError, type Transport } from "./transport.ts";

/** How a way out is made. */
export interface EgressOptions {
  /**
   * Carries the requests instead of undici's sockets: for a host's own MSW or proxy, and for runtimes without sockets.
   * Redirects, origins and limits stay as they are; a foreign host is checked before each request, but the checked
   * address cannot be pinned.
   */
  readonly fetch?: Fetch;
  /** Resolves a host name to all its addresses; defaults to the system's resolver, which some runtimes do not have. */
  readonly lookup?: Lookup;
  /** Bounds of every exchange. */
  readonly limits?: Partial<EgressLimits>;
}

/** What is open and under way. */
export interface EgressStats {
  /** Connected sockets; none are counted where `fetch` is injected. */
  readonly sockets: number;
  /** Requests whose last byte has not arrived. */
  readonly requests: number;
}

/** The one guarded way out for HTTP. */
export interface Egress extends AsyncDisposable {
  /**
   * Sends one request and gives its answer, whatever its status. Throws the reason of the request's signal, or a
   * `TenantryError`: `ADDRESS_REFUSED`, `ORIGIN_REFUSED`, `CREDENTIAL_INVALID`, `ARGUMENT_INVALID`, `CONNECT_FAILED`,
   * `CONNECTION_LOST`, `TIMEOUT`, `LIMIT_EXCEEDED`, `PROTOCOL_VIOLATION`, `CLOSED`, or `CONFIG_INVALID` where the
   * runtime lacks sockets or a resolver and none was given.
   */
  exchange(request: ExchangeRequest): Promise<ExchangeResponse>;
  /** The same way out as a `fetch`, under the strict address policy. */
  readonly fetch: Fetch;
  stats(): EgressStats;
  /** Lets what is in flight finish within `closeTimeoutMs`, then ends every socket; gives the same promise every time. */
  close(): Promise<void>;
}

/** Makes a way out. Nothing is opened or loaded before its first request; throws `CONFIG_INVALID` for a bad limit. */
export function createEgress(options: EgressOptions = {}): Egress {
  return new GuardedEgress(options);
}

class GuardedEgress implements Egress {
  readonly fetch: Fetch;
  readonly #limits: EgressLimits;
  readonly #transport: Transport;
  #closing: Promise<void> | undefined;

  constructor({ fetch, lookup, limits }: EgressOptions) {
    this.#limits = limitsOf(limits);
    this.#transport =
      fetch === undefined
        ? new SocketTransport(this.#limits, lookup)
        : new FetchTransport(fetch, this.#limits, lookup);
    this.fetch = guardedFetch(this, { provenance: "foreign" });
  }

  async exchange(request: ExchangeRequest): Promise<ExchangeResponse> {
    if (this.#closing !== undefined) throw closedError();
    return exchange(this.#transport, this.#limits, request);
  }

  stats(): EgressStats {
    return this.#transport.stats();
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#transport.close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
