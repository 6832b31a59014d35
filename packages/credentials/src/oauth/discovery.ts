import { quote, TenantryError, type AbortableOptions, type Clock } from "@tenantry/core";
import { FlightCache, type FlightOptions } from "./flight-cache.ts";
import type { OAuthHttp } from "./http.ts";
import { readIssuer, type Issuer } from "./issuer.ts";
import type { OAuthLimits } from "./limits.ts";
import { readResource, type Resource } from "./resource.ts";

/** What the host has fixed. */
export interface DiscoveryRules {
  readonly issuer?: string | undefined;
  readonly resourceMetadataUrl?: URL | undefined;
  readonly allowIssuerMismatch: boolean;
}

/** How a server's metadata is asked for. */
export interface ResourceOptions extends FlightOptions {
  /** The `resource_metadata` of a challenge, where there was one. */
  readonly challenged?: string | undefined;
}

/** Finds out who issues tokens for a server. What is found is remembered for `metadataTtlMs`, and asked for once for all. */
export class Discovery {
  readonly #http: OAuthHttp;
  readonly #limits: OAuthLimits;
  readonly #rules: DiscoveryRules;
  readonly #resources: FlightCache<Resource>;
  readonly #issuers: FlightCache<Issuer>;

  constructor(http: OAuthHttp, clock: Clock, limits: OAuthLimits, rules: DiscoveryRules) {
    const { maxServersKnown: max, metadataTtlMs: ttlMs, failureTtlMs: failureMs } = limits;
    this.#http = http;
    this.#limits = limits;
    this.#rules = rules;
    this.#resources = new FlightCache(clock, { max, ttlMs, failureMs });
    this.#issuers = new FlightCache(clock, { max, ttlMs, failureMs });
  }

  /** What the server at this URL says of itself; see {@link readResource} for what it rejects with. */
  async resource(server: URL, { challenged, ...options }: ResourceOptions): Promise<Resource> {
    const pinned = this.#rules.resourceMetadataUrl;
    const name = `${server.origin}${server.pathname}`;
    const known = this.#resources.peek(name, options.maxAgeMs);
    if (known !== undefined) return known;
    // What one person's challenge says is tried for who was challenged so; nobody else waits for it, or fails with it.
    const flight = challenged === undefined ? name : JSON.stringify([name, challenged]);
    const start = (signal: AbortSignal) => readResource(this.#http, { server, pinned, challenged, signal });
    const found = await this.#resources.get(flight, start, options);
    this.#resources.set(name, found);
    return found;
  }

  /** An issuer by its identifier; see {@link readIssuer} for what it rejects with. */
  issuer(identifier: string, isLegacy: boolean, options: FlightOptions): Promise<Issuer> {
    const allowMismatch = this.#rules.allowIssuerMismatch;
    const start = (signal: AbortSignal) =>
      readIssuer(this.#http, { identifier, isLegacy, allowMismatch, signal });
    return this.#issuers.get(JSON.stringify([identifier, isLegacy]), start, options);
  }

  /**
   * Chooses who is to issue tokens for a resource (RFC 9728, section 7.6): the host's own choice, else the first at which a
   * client is known, else the first that can be asked. Rejects with `ORIGIN_REFUSED` where the resource has no token of
   * the issuer that the host has fixed.
   */
  async choose(
    resource: Resource,
    isKnown: (identifier: string) => Promise<boolean>,
    options: AbortableOptions,
  ): Promise<Issuer> {
    const { identifier, issuers, isLegacy } = resource;
    const fixed = this.#rules.issuer;
    if (fixed !== undefined) {
      // Only the server itself has the endpoints that a server without metadata has.
      const isOwn = issuers.includes(fixed);
      if (isLegacy || isOwn) return this.issuer(fixed, isLegacy && isOwn, options);
      const what = `The server ${quote(identifier)} no longer takes tokens of the issuer ${quote(fixed)}`;
      throw new TenantryError("ORIGIN_REFUSED", `${what}; check the issuer that oauth() is given.`);
    }
    return this.#firstOf(
      await preferred(issuers.slice(0, this.#limits.maxIssuersTried), isKnown),
      isLegacy,
      options,
    );
  }

  async #firstOf(issuers: readonly string[], isLegacy: boolean, options: AbortableOptions): Promise<Issuer> {
    let failure: unknown;
    for (const identifier of issuers) {
      try {
        return await this.issuer(identifier, isLegacy, options);
      } catch (cause) {
        options.signal?.throwIfAborted();
        failure ??= cause;
      }
    }
    throw failure;
  }
}

/** The same issuers, those at which a client is known first. */
async function preferred(
  issuers: readonly string[],
  isKnown: (identifier: string) => Promise<boolean>,
): Promise<readonly string[]> {
  if (issuers.length < 2) return issuers;
  const known = await Promise.all(issuers.map(isKnown));
  return [...issuers.filter((_, index) => known[index]), ...issuers.filter((_, index) => !known[index])];
}
