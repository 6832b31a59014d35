import { quote, TenantryError, withDeadline, withDetails, type Secret, type ServerId } from "@tenantry/core";
import { isLive, type Grant, type Refreshed, type SendRefresh } from "../grants/grant.ts";
import type { OAuthClient } from "./client.ts";
import { isServed, type Clients } from "./clients.ts";
import type { Discovery } from "./discovery.ts";
import type { FlightOptions } from "./flight-cache.ts";
import { checkTokenType } from "./grant-of.ts";
import type { Issuer } from "./issuer.ts";
import type { OAuthParts } from "./parts.ts";
import { RecentFailures } from "./recent-failures.ts";
import { Refusals } from "./refusals.ts";
import { requestTokens, type TokenAnswer } from "./token-request.ts";

/** After a refusal, what is known of a server's issuers is looked at again when it is older than this, in milliseconds. */
const refusedMaxAgeMs = 60_000;

interface RefreshOptions {
  readonly signal: AbortSignal;
  /** Whether the server has just refused the token. */
  readonly refused: boolean;
}

/** A refresh token on its way. */
interface Sent {
  readonly issuer: Issuer;
  readonly client: OAuthClient;
  readonly grant: Grant;
  readonly token: Secret;
}

/** Where a refresh token goes, and whose it is. */
interface Prepared {
  readonly issuer: Issuer;
  readonly client: OAuthClient | undefined;
}

/** The refreshes of one source's grants (RFC 6749, section 6), each at the issuer and with the client that it was given by and to. */
export class Refreshing {
  readonly #parts: OAuthParts;
  readonly #discovery: Discovery;
  readonly #clients: Clients;
  /** What was found out of a grant's next refresh before that is begun. */
  readonly #prepared = new WeakMap<Grant, Prepared>();
  readonly #refusals: Refusals;
  /** Issuers that are away, and grants whose refreshes are too many for theirs. */
  readonly #turnedAway: RecentFailures;

  constructor(parts: OAuthParts, discovery: Discovery, clients: Clients) {
    this.#parts = parts;
    this.#discovery = discovery;
    this.#clients = clients;
    const { clock, options } = parts;
    const { maxFlowsKnown: max, maxRenewals } = options.limits;
    this.#refusals = new Refusals(clock, max, maxRenewals);
    this.#turnedAway = new RecentFailures(clock, max, 0);
  }

  /** Makes what refreshes the grants of one server; `refused` where the server has just refused one. */
  at(server: ServerId, url: URL, refused: boolean): SendRefresh {
    const send = (grant: Grant, signal: AbortSignal) => this.#send(grant, server, url, { signal, refused });
    return Object.assign(send, {
      prepare: async (grant: Grant, signal: AbortSignal) => {
        this.#prepared.set(grant, await this.#prepare(grant, server, url, { signal, refused }));
      },
    });
  }

  async #send(grant: Grant, server: ServerId, url: URL, options: RefreshOptions): Promise<Refreshed> {
    const { issuer, client } =
      this.#prepared.get(grant) ?? (await this.#prepare(grant, server, url, options));
    if (client === undefined || grant.refreshToken === undefined)
      throw this.#over(server, "belongs to another client");
    const answer = await this.#request({ issuer, client, grant, token: grant.refreshToken }, options.signal);
    if ("refused" in answer) throw await this.#refusal(answer, issuer, grant, server);
    checkTokenType(answer.tokens, grant.tokenType);
    return answer.tokens;
  }

  async #request({ issuer, client, grant, token }: Sent, signal: AbortSignal): Promise<TokenAnswer> {
    try {
      return await requestTokens(this.#parts.http, {
        issuer,
        client,
        grantType: "refresh_token",
        parameters: { refresh_token: token.reveal(), resource: grant.resource },
        signal,
        proofKey: grant.proofKey,
      });
    } catch (failure) {
      // Too many requests (429) may be one person's, and are nobody else's then.
      const isAway = failure instanceof TenantryError && failure.status === 503;
      this.#turnedAway.keep(isAway ? issuer.identifier : grant.subject, failure);
      throw failure;
    }
  }

  /** Finds out where the token goes. It ends well before the time for the whole does, and says that nothing was sent. */
  async #prepare(
    grant: Grant,
    server: ServerId,
    url: URL,
    { signal: whole, refused }: RefreshOptions,
  ): Promise<Prepared> {
    const { clock, options: source } = this.#parts;
    const prepareMs = Math.ceil(source.grantLimits.refreshTimeoutMs / 2);
    const what = `The metadata of ${url.origin} or of its authorization server did not come within ${prepareMs} ms; try again.`;
    const expired = () => new TenantryError("TIMEOUT", what, { retryable: true });
    try {
      return await withDeadline({ clock, timeoutMs: prepareMs, signal: whole, expired }, async (signal) => {
        if (!isServed(source.issuer, grant.issuer))
          throw this.#over(
            server,
            `was given by ${quote(grant.issuer)}, and oauth() is given another issuer`,
          );
        this.#turnedAway.check(grant.issuer);
        this.#turnedAway.check(grant.subject);
        const options = { signal, ...(refused && { maxAgeMs: refusedMaxAgeMs }) };
        const isLegacy = await this.#checkIssuer(grant, server, url, options);
        const issuer = await this.#discovery.issuer(grant.issuer, isLegacy, options);
        const client = await this.#clients.byId(issuer, grant.clientId);
        // One that has ended is refreshed whoever has refused it.
        if (refused && isLive(grant, clock.now()) && this.#refusals.take(grant.subject) > 0)
          throw this.#over(server, "gives tokens that the server refuses");
        return { issuer, client };
      });
    } catch (failure) {
      throw failure instanceof TenantryError ? withDetails(failure, { delivery: "unsent" }) : failure;
    }
  }

  /**
   * A server that has moved to another issuer takes no token of the old one (SEP-2352). Where it cannot be asked, what is
   * known holds. Tells whether the server is one that publishes no metadata.
   */
  async #checkIssuer(
    { issuer }: Grant,
    server: ServerId,
    url: URL,
    options: FlightOptions & { readonly signal: AbortSignal },
  ): Promise<boolean> {
    const resource = await this.#discovery.resource(url, options).catch((failure: unknown) => {
      options.signal.throwIfAborted();
      if (failure instanceof TenantryError && failure.retryable) return undefined;
      throw failure;
    });
    if (resource === undefined || resource.isLegacy) return issuer === url.origin;
    // Metadata that names nobody says nothing of a grant that there is.
    if (!resource.namesIssuers || resource.issuers.includes(issuer)) return false;
    throw this.#over(server, `was given by ${quote(issuer)}, whose tokens the server no longer takes`);
  }

  async #refusal(
    { refused, failure }: { readonly refused: string; readonly failure: TenantryError },
    issuer: Issuer,
    grant: Grant,
    server: ServerId,
  ): Promise<TenantryError> {
    if (refused === "invalid_grant")
      return this.#over(server, "has ended at its authorization server", "answered");
    if (refused !== "invalid_client" || this.#parts.options.client !== undefined) return failure;
    // The issuer has forgotten a client that was registered on the way, and every grant with it.
    await this.#clients.forget(issuer.identifier, grant.clientId);
    return this.#over(
      server,
      "belongs to a client that its authorization server no longer knows",
      "answered",
    );
  }

  /** Where nothing was sent, the grant stays as it is: what was found out may be wrong, or true for this process only. */
  #over(server: ServerId, why: string, delivery: "answered" | "unsent" = "unsent"): TenantryError {
    const { slot } = this.#parts.options;
    const what = `The authorization for the server ${quote(server)} ${why}; it has to be granted again.`;
    return new TenantryError("AUTHORIZATION_REQUIRED", what, { server, slot, delivery });
  }
}
