import { quote, TenantryError, type AbortableOptions, type Principal, type ServerId } from "@tenantry/core";
import { calculatePKCECodeChallenge, generateRandomCodeVerifier, generateRandomState } from "oauth4webapi";
import type { Clients } from "./clients.ts";
import type { Discovery } from "./discovery.ts";
import type { Flow, Flows } from "./flows.ts";
import type { Issuer } from "./issuer.ts";
import type { OAuthParts } from "./parts.ts";
import { drawProofKey } from "./proof-key.ts";
import { covers, offlineAccess, unionOf } from "./scopes.ts";
import { FlightCache } from "./flight-cache.ts";

/** What is to be granted. */
export interface AuthorizationWish {
  readonly principal: Principal;
  readonly server: ServerId;
  readonly url: URL;
  /** What the server's challenge asks for, together with what has been granted before. */
  readonly scopes: readonly string[];
  /** What the server wants beyond what has been granted; absent: nothing has been. */
  readonly stepUp?: readonly string[] | undefined;
  /** The `resource_metadata` of the challenge. */
  readonly challenged?: string | undefined;
  /** Whether the server has just refused what there was, so that it may have another issuer by now. */
  readonly looksAgain: boolean;
}

/** A flow that is open, and the page on which the person finishes it. */
interface OpenFlow {
  readonly state: string;
  readonly url: string;
  readonly scopes: readonly string[];
  readonly expiresAt: number;
}

/** Begins authorizations: one open flow for each person and server, which every call is given until it is over. */
export class Authorizations {
  readonly #parts: OAuthParts;
  readonly #discovery: Discovery;
  readonly #clients: Clients;
  readonly #flows: Flows;
  readonly #open: FlightCache<OpenFlow>;

  constructor(parts: OAuthParts, discovery: Discovery, clients: Clients, flows: Flows) {
    this.#parts = parts;
    this.#discovery = discovery;
    this.#clients = clients;
    this.#flows = flows;
    const { maxFlowsKnown: max, flowTtlMs: ttlMs } = parts.options.limits;
    this.#open = new FlightCache(parts.clock, { max, ttlMs });
  }

  /**
   * Gives the page on which the person grants what is wished. Rejects as discovery and registration do, and with
   * `CREDENTIAL_FAILED` where the issuer does not check verifiers (PKCE with S256).
   */
  async begin(wish: AuthorizationWish, options: AbortableOptions): Promise<URL> {
    const known = this.#open.peek(nameOf(wish));
    if (known !== undefined && !this.#hasTime(known)) this.#open.delete(nameOf(wish));
    else if (known !== undefined && !(await this.#serves(known, wish))) await this.end(wish);
    const flow = await this.#flow(wish, options);
    if (covers(flow.scopes, wish.scopes)) return new URL(flow.url);
    // Another call began it meanwhile, and wished for less.
    await this.end(wish);
    const all = { ...wish, scopes: unionOf(flow.scopes, wish.scopes) };
    return new URL((await this.#flow(all, options)).url);
  }

  /** Forgets the open flow of a person and a server, and ends it if it is not being finished. */
  async end(wish: Pick<AuthorizationWish, "principal" | "server">): Promise<void> {
    const known = this.#open.peek(nameOf(wish));
    this.#open.delete(nameOf(wish));
    if (known !== undefined) await this.#flows.end(known.state);
  }

  #flow(wish: AuthorizationWish, options: AbortableOptions): Promise<OpenFlow> {
    return this.#open.get(nameOf(wish), (signal) => this.#start(wish, signal), options);
  }

  /** Whether a person who goes there now can finish it. Who went there before may still do so, so its row stays. */
  #hasTime({ expiresAt }: OpenFlow): boolean {
    return expiresAt - this.#parts.clock.now() > this.#parts.options.limits.flowTtlMs / 5;
  }

  /** Whether the person would grant what is wished there, and has not yet: another process may have finished it. */
  async #serves({ state, scopes }: OpenFlow, wish: AuthorizationWish): Promise<boolean> {
    return covers(scopes, wish.scopes) && (await this.#flows.isOpen(state));
  }

  async #start(wish: AuthorizationWish, signal: AbortSignal): Promise<OpenFlow> {
    const { options, clock } = this.#parts;
    const { challenged, looksAgain } = wish;
    const again = looksAgain ? { maxAgeMs: 0 } : {};
    const resource = await this.#discovery.resource(wish.url, { challenged, signal, ...again });
    const isKnown = (identifier: string) => this.#clients.isKnown(identifier);
    const issuer = await this.#discovery.choose(resource, isKnown, { signal });
    const endpoint = authorizationEndpointOf(issuer);
    const client = await this.#clients.at(issuer, { signal });
    const { redirectUrl, mustNameIssuer } = await this.#clients.addressAt(issuer);
    const state = generateRandomState();
    const flow: Flow = {
      principal: wish.principal,
      server: wish.server,
      slot: options.slot,
      issuer: issuer.identifier,
      issuerName: issuer.name,
      mustNameIssuer,
      isLegacy: resource.isLegacy,
      clientId: client.id,
      resource: resource.identifier,
      redirectUri: redirectUrl.href,
      scopes: this.#scopesFor(wish, resource.scopes, issuer),
      ...(wish.stepUp && { stepUp: wish.stepUp }),
      verifier: generateRandomCodeVerifier(),
      ...(options.dpop && { proofKey: await drawProofKey() }),
    };
    const expiresAt = clock.now() + options.limits.flowTtlMs;
    await this.#flows.add(state, flow, expiresAt);
    const url = pageOf(endpoint, flow, state, await calculatePKCECodeChallenge(flow.verifier)).href;
    return { state, url, scopes: flow.scopes, expiresAt };
  }

  /** MCP authorization, "Scope Selection Strategy": the challenge's, else all that the server lists, else none. */
  #scopesFor(
    wish: AuthorizationWish,
    listed: readonly string[] | undefined,
    issuer: Issuer,
  ): readonly string[] {
    const { scopes: own, offlineAccess: wantsOffline } = this.#parts.options;
    const wanted = wish.scopes.length > 0 ? unionOf(own ?? [], wish.scopes) : (own ?? listed ?? []);
    // Never where the issuer does not list it (SEP-2207), whoever asks for it.
    const isListed = issuer.scopes.includes(offlineAccess);
    const others = isListed ? wanted : wanted.filter((scope) => scope !== offlineAccess);
    return isListed && wantsOffline ? unionOf(others, [offlineAccess]) : others;
  }
}

function authorizationEndpointOf({ identifier, authorizationEndpoint, checksVerifier }: Issuer): URL {
  if (authorizationEndpoint !== undefined && checksVerifier) return authorizationEndpoint;
  const lacks =
    authorizationEndpoint === undefined
      ? "has no authorization endpoint; use clientCredentials() if it gives tokens to clients"
      : "does not say that it checks PKCE with S256, without which a stolen code could be used; ask whoever runs it";
  throw new TenantryError("CREDENTIAL_FAILED", `The authorization server ${quote(identifier)} ${lacks}.`);
}

/** The authorization request (OAuth 2.1, section 4.1.1; RFC 7636, section 4.3; RFC 8707, section 2.1). */
function pageOf(endpoint: URL, flow: Flow, state: string, challenge: string): URL {
  const url = new URL(endpoint);
  const parameters: Readonly<Record<string, string>> = {
    response_type: "code",
    client_id: flow.clientId,
    redirect_uri: flow.redirectUri,
    state,
    code_challenge: challenge,
    code_challenge_method: "S256",
    resource: flow.resource,
    ...(flow.scopes.length > 0 && { scope: flow.scopes.join(" ") }),
    // OpenID Connect Core, section 11: without it, offline access may be left out.
    ...(flow.scopes.includes(offlineAccess) && { prompt: "consent" }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

function nameOf({ principal, server }: Pick<AuthorizationWish, "principal" | "server">): string {
  return JSON.stringify([principal.workspace, principal.user, principal.session ?? null, server]);
}
