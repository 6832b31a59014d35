import { quote, TenantryError, type AbortableOptions } from "@tenantry/core";
import { calculatePKCECodeChallenge, generateRandomCodeVerifier, generateRandomState } from "oauth4webapi";
import type { Clients } from "./clients.ts";
import type { Discovery } from "./discovery.ts";
import type { Flow, FlowOwner, FlowRow, FlowUnderWay, Flows } from "./flows.ts";
import type { Issuer } from "./issuer.ts";
import type { OAuthParts } from "./parts.ts";
import { personName } from "./person.ts";
import { drawProofKey } from "./proof-key.ts";
import { covers, offlineAccess, unionOf } from "./scopes.ts";
import { FlightCache } from "./flight-cache.ts";

/** What is to be granted. */
export interface AuthorizationWish extends FlowOwner {
  readonly url: URL;
  /** What the server's challenge asks for, together with what has been granted before. */
  readonly scopes: readonly string[];
  /** What the server wants beyond what has been granted; absent: nothing has been. */
  readonly stepUp?: readonly string[] | undefined;
  /** When the authorization was begun whose grant there is; what was begun before it is of no use. */
  readonly after?: number | undefined;
  /** The `resource_metadata` of the challenge. */
  readonly challenged?: string | undefined;
  /** Whether the server has just refused what there was, so that it may have another issuer by now. */
  readonly looksAgain: boolean;
}

/** A flow that is open, and the page on which the person finishes it. */
interface OpenFlow {
  readonly state: string;
  readonly begunAt: number;
  readonly page: string;
  readonly wished: readonly string[];
  readonly expiresAt: number;
}

/** How often a flow is begun anew for what somebody else has wished for at the same moment. */
const maxBegun = 2;

/** How often a page is looked for that others, who wish for something else at the same time, replace meanwhile. */
const maxRounds = 4;

/**
 * Begins authorizations: one page for each person and server, which every call of every process is given until it is over.
 * A wish for more leads to a page for all of it, and whoever is at the one before can still finish that.
 */
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
    const name = personName(wish.principal, wish.server);
    for (let rounds = 1; ; rounds++) {
      const known = this.#open.peek(name);
      const isUsable = known !== undefined && (await this.#isUsable(known, wish));
      if (isUsable && covers(known.wished, wish.scopes)) return new URL(known.page);
      // Another call may have begun the next one meanwhile.
      if (known !== undefined && this.#open.peek(name) === known) this.#open.delete(name);
      const all = isUsable ? { ...wish, scopes: unionOf(wish.scopes, known.wished) } : wish;
      const flow = await this.#open.get(name, (signal) => this.#start(all, signal), options);
      if (covers(flow.wished, wish.scopes) || rounds === maxRounds) return new URL(flow.page);
    }
  }

  /** Ends the open flows of a person and a server, wherever they were begun. */
  async end(owner: FlowOwner): Promise<void> {
    this.#open.delete(personName(owner.principal, owner.server));
    await this.#flows.end(owner);
  }

  /** Whether a person who goes there now can finish it: another process may have, and it takes its time. */
  async #isUsable({ state, begunAt, expiresAt }: OpenFlow, wish: AuthorizationWish): Promise<boolean> {
    if (begunAt <= (wish.after ?? 0) || !this.#hasTime(expiresAt)) return false;
    return this.#flows.isOpen(wish, state);
  }

  #hasTime(expiresAt: number): boolean {
    const { clock, options } = this.#parts;
    return expiresAt - clock.now() > options.limits.flowTtlMs / 5;
  }

  async #start(wish: AuthorizationWish, signal: AbortSignal): Promise<OpenFlow> {
    const { options } = this.#parts;
    const { challenged, looksAgain } = wish;
    const again = looksAgain ? { maxAgeMs: 0 } : {};
    const resource = await this.#discovery.resource(wish.url, { challenged, signal, ...again });
    const isKnown = (identifier: string) => this.#clients.isKnown(identifier);
    const issuer = await this.#discovery.choose(resource, isKnown, { signal });
    const endpoint = authorizationEndpointOf(issuer);
    // It is the server that has named the issuer, and a person's browser reaches what this process may not.
    this.#parts.checkUrl?.(endpoint);
    const client = await this.#clients.at(issuer, { signal });
    const { redirectUrl, mustNameIssuer } = await this.#clients.addressAt(issuer);
    const request = {
      principal: wish.principal,
      server: wish.server,
      slot: options.slot,
      issuer: issuer.identifier,
      issuerName: issuer.name,
      mustNameIssuer,
      isLegacy: resource.isLegacy && resource.issuers.includes(issuer.identifier),
      clientId: client.id,
      resource: resource.identifier,
      redirectUri: redirectUrl.href,
      ...(wish.stepUp && { stepUp: wish.stepUp }),
    };
    const scopesFor = (wished: readonly string[]) => this.#scopesFor(wished, resource.scopes, issuer);
    const { flow, expiresAt } = await this.#flowOf(request, wish, scopesFor);
    const { state, begunAt, wished, verifier } = flow;
    const page = pageOf(endpoint, flow, await calculatePKCECodeChallenge(verifier)).href;
    return { state, begunAt, page, wished, expiresAt };
  }

  /**
   * A flow for all that is wished for at the same time, of another process, or of this one before it has forgotten; else a
   * new one. Looks once more after that: somebody else may have begun at the same moment.
   */
  async #flowOf(request: FlowRequest, wish: AuthorizationWish, scopesFor: ScopesFor): Promise<Begun> {
    const after = wish.after ?? 0;
    for (let begun: Begun | undefined, round = 1; ; round++) {
      const rows = await this.#flows.underWay(request);
      // What nobody finishes is not asked for for ever: a page that is about to end hands nothing on.
      const near = rows
        .filter(({ isOpen, expiresAt }) => !isOpen || this.#hasTime(expiresAt))
        .filter(({ flow }) => flow.issuer === request.issuer && flow.resource === request.resource)
        .toSorted((one, other) => other.flow.begunAt - one.flow.begunAt);
      // What is being finished may come to a grant that this one takes the place of.
      const wished = near.reduce((all, { flow }) => unionOf(all, flow.wished), wish.scopes);
      const asked = near.reduce((all, { flow }) => unionOf(all, flow.scopes), scopesFor(wished));
      const isEnough = ({ flow }: FlowRow) => covers(flow.wished, wished) && covers(flow.scopes, asked);
      const open = near.find((row) => this.#isSame(row, request, after) && isEnough(row));
      if (open !== undefined) return open;
      if (begun !== undefined && round > maxBegun) return begun;
      const latest = Math.max(after, ...rows.map(({ flow }) => flow.begunAt));
      begun = await this.#beginOne({ ...request, wished, scopes: asked }, latest);
    }
  }

  #isSame({ flow, expiresAt, isOpen }: FlowUnderWay, request: FlowRequest, after: number): boolean {
    const isSame = sameness.every((fact) => flow[fact] === request[fact]);
    const isBound = (flow.proofKey !== undefined) === this.#parts.options.dpop;
    return isSame && isBound && isOpen && flow.begunAt > after && this.#hasTime(expiresAt);
  }

  /** Clocks of processes differ: it counts as begun later than whatever was begun before. */
  async #beginOne(request: Omit<Flow, Drawn>, latest: number): Promise<Begun> {
    const { options, clock } = this.#parts;
    const flow: Flow = {
      ...request,
      begunAt: Math.max(clock.now(), latest + 1),
      state: generateRandomState(),
      verifier: generateRandomCodeVerifier(),
      ...(options.dpop && { proofKey: await drawProofKey() }),
    };
    const expiresAt = clock.now() + options.limits.flowTtlMs;
    await this.#flows.add(flow, expiresAt);
    return { flow, expiresAt };
  }

  /** MCP authorization, "Scope Selection Strategy": the challenge's, else all that the server lists, else none. */
  #scopesFor(
    wished: readonly string[],
    listed: readonly string[] | undefined,
    issuer: Issuer,
  ): readonly string[] {
    const { scopes: own, offlineAccess: wantsOffline } = this.#parts.options;
    const wanted = wished.length > 0 ? unionOf(own ?? [], wished) : (own ?? listed ?? []);
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
function pageOf(endpoint: URL, flow: Flow, challenge: string): URL {
  const url = new URL(endpoint);
  const parameters: Readonly<Record<string, string>> = {
    response_type: "code",
    client_id: flow.clientId,
    redirect_uri: flow.redirectUri,
    state: flow.state,
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

/** What is drawn for a flow when it is begun. */
type Drawn = "begunAt" | "state" | "verifier" | "proofKey";
/** A flow before it is known what else is wished for. */
type FlowRequest = Omit<Flow, Drawn | "wished" | "scopes">;
/** What an issuer is asked for. */
type ScopesFor = (wished: readonly string[]) => readonly string[];
type Begun = Pick<FlowRow, "flow" | "expiresAt">;

/** What two flows have in common where finishing one is as good as finishing the other. */
const sameness = [
  "issuer",
  "issuerName",
  "mustNameIssuer",
  "isLegacy",
  "clientId",
  "resource",
  "redirectUri",
] as const;
