import type { Fetch } from "@tenantry/core";
import { AddressPolicy } from "./address-policy.ts";
import { HeaderWriter } from "./bound-headers.ts";
import {
  exchange,
  type ExchangeAddress,
  type ExchangeRequest,
  type ExchangeResponse,
  type TargetRequest,
  type WayOut,
} from "./exchange.ts";
import { FetchTransport } from "./fetch-transport.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import { limitsOf, type EgressLimits } from "./limits.ts";
import type { Lookup } from "./lookup.ts";
import { placeOf } from "./place.ts";
import { SocketTransport } from "./socket-transport.ts";

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
  /**
   * What foreign URLs may lead to beside public addresses: host names, whatever their addresses are, and addresses or
   * ranges of them (`10.0.0.0/8`). Defaults to nothing.
   */
  readonly allow?: readonly string[];
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

/** A URL that has been checked once for many requests, each of which is guarded as if it came alone. */
export interface Target {
  /** Sends one request there; see {@link Egress.exchange}. */
  exchange(request: TargetRequest): Promise<ExchangeResponse>;
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
  /** Checks a URL for the requests that go there; later changes of the URL have no effect. Throws `ADDRESS_REFUSED`. */
  target(address: ExchangeAddress): Target;
  /** The same way out as a `fetch`, under the strict address policy. */
  readonly fetch: Fetch;
  stats(): EgressStats;
  /** Lets what is in flight finish within `closeTimeoutMs`, then ends every socket; gives the same promise every time. */
  close(): Promise<void>;
}

/** Makes a way out. Nothing is opened or loaded before its first request; throws `CONFIG_INVALID` for a bad option. */
export function createEgress(options: EgressOptions = {}): Egress {
  return new GuardedEgress(options);
}

class GuardedEgress implements Egress {
  readonly fetch: Fetch;
  readonly #way: WayOut;

  constructor({ fetch, lookup, allow, limits: given }: EgressOptions) {
    const limits = limitsOf(given);
    const policy = new AddressPolicy(allow);
    const transport =
      fetch === undefined
        ? new SocketTransport(limits, policy, lookup)
        : new FetchTransport(fetch, limits, policy, lookup);
    this.#way = { transport, limits, policy, headers: new HeaderWriter() };
    this.fetch = guardedFetch(this, { provenance: "foreign" });
  }

  async exchange(request: ExchangeRequest): Promise<ExchangeResponse> {
    const place = placeOf(request.url, request.provenance, this.#way.policy);
    return exchange(this.#way, place, request);
  }

  target({ url, provenance }: ExchangeAddress): Target {
    const place = placeOf(url, provenance, this.#way.policy);
    return Object.freeze({ exchange: (request: TargetRequest) => exchange(this.#way, place, request) });
  }

  stats(): EgressStats {
    return this.#way.transport.stats();
  }

  close(): Promise<void> {
    return this.#way.transport.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
