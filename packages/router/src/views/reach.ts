import {
  scopeOf,
  type ClientOptions,
  type Context,
  type ListOptions,
  type Principal,
  type RequestOptions,
  type ServerRequestHandlers,
} from "@tenantry/core";
import { unknownServer } from "../calls/address.ts";
import type { Kind } from "../catalog/kind.ts";
import { guardAnswers } from "../guards/answers.ts";
import type { Asker } from "../guards/guards.ts";
import type { ServerListing } from "../catalog/server-listing.ts";
import { handlerNamesOf, handlersOf, optionsOfRequest } from "../client-options.ts";
import { routeOf, type Candidate, type Routing, type Traveller } from "../routing.ts";
import { listAll, type Answer } from "./list-all.ts";

/** Whose view it is, and what the host has given it. */
export interface ReachOptions {
  readonly principal: Principal;
  readonly context: Context;
  readonly options: ClientOptions;
}

/** How one principal reaches the servers of a workspace. */
export class Reach {
  readonly routing: Routing;
  readonly principal: Principal;
  readonly who: Asker;
  readonly #options: ClientOptions;
  readonly #traveller: Traveller;
  /** The view's own handlers, one object for all calls that bring none. */
  readonly #handlers: ServerRequestHandlers | undefined;
  /** What servers are told that they may ask by a request that brings no handlers of its own. */
  readonly #names: readonly string[];
  /**
   * How they are reached then, for as long as somebody has this view: a route is the same for every call. It is `null` where
   * nothing of a server can be allowed, which no call changes either.
   */
  readonly #usual = new Map<ServerListing, Candidate | null>();
  /** How they are reached by requests that bring handlers, by the names of all that those have. */
  #others: Map<string, Map<ServerListing, Candidate>> | undefined;

  constructor(routing: Routing, { principal, context, options }: ReachOptions) {
    this.routing = routing;
    this.principal = principal;
    this.who = Object.freeze({ principal, roles: options.roles ?? [] });
    this.#options = options;
    const scope = scopeOf(principal, "user");
    this.#traveller = { principal, scope, context: Object.freeze({ ...context }) };
    this.#handlers = handlersOf(undefined, options);
    this.#names = handlerNamesOf(this.#handlers);
  }

  /** Every server of which anything may be allowed, in the order of the definitions. */
  get all(): readonly Candidate[] {
    return this.those(() => true);
  }

  /** The server that is named, or every server where none is; throws `SERVER_UNKNOWN`. */
  named(server: string | undefined): readonly Candidate[] {
    if (server === undefined) return this.all;
    const named = this.those(({ ref }) => ref.id === server);
    if (named.length === 0) throw unknownServer(server);
    return named;
  }

  /** Those of which `isMeant` holds, as a request with these options reaches them. */
  those(isMeant: (listing: ServerListing) => boolean, options: RequestOptions = {}): readonly Candidate[] {
    const candidates: Candidate[] = [];
    for (const listing of this.routing.listings)
      if (isMeant(listing) && this.#usualWay(listing) !== null) candidates.push(this.to(listing, options));
    return candidates;
  }

  /** What may be seen of every server's list of one kind, or of those of `asked`. */
  async list<K extends Kind>(
    kind: K,
    options: ListOptions,
    asked: readonly Candidate[] = this.all,
  ): Promise<readonly Answer<K>[]> {
    const answers = await listAll(this.routing, asked, kind, options);
    return guardAnswers(this.routing, kind, answers, { ...options, who: this.who });
  }

  /** The client's way to ask a person, where it was given one. */
  get onApprovalRequired(): ClientOptions["onApprovalRequired"] {
    return this.#options.onApprovalRequired;
  }

  /** The way to one server for a request with these options. */
  to(listing: ServerListing, { handlers }: RequestOptions = {}): Candidate {
    const names = handlers === undefined ? this.#names : handlerNamesOf(this.#handlersOf(handlers));
    const id = names === this.#names ? undefined : names.join("+");
    if (id === undefined || id === this.#names.join("+"))
      return this.#usualWay(listing) ?? this.#way(listing, names);
    this.#others ??= new Map();
    const ways = this.#others.get(id) ?? new Map<ServerListing, Candidate>();
    this.#others.set(id, ways);
    let candidate = ways.get(listing);
    if (candidate === undefined) ways.set(listing, (candidate = this.#way(listing, names)));
    return candidate;
  }

  /** What a request to the server is made with: what it brings itself, and for the rest what the client was given. */
  optionsFor<O extends RequestOptions>({ listing }: Candidate, own: O): O {
    const handlers = own.handlers === undefined ? this.#handlers : this.#handlersOf(own.handlers);
    const complete = handlers === own.handlers ? own : { ...own, handlers };
    return optionsOfRequest(complete, this.#options, listing.server.ref.id);
  }

  /** How long a request may take that does not say so, in milliseconds: the longest that one of the servers may. */
  timeoutMs(candidates: readonly Candidate[]): number {
    const { callTimeoutMs } = this.routing.limits;
    return candidates.length === 0
      ? callTimeoutMs
      : Math.max(...candidates.map(({ listing }) => listing.server.timeoutMs ?? callTimeoutMs));
  }

  #usualWay(listing: ServerListing): Candidate | null {
    let way = this.#usual.get(listing);
    if (way === undefined) {
      const { policy } = this.routing.guards;
      const isAllowed = policy.mayAllow({ ...this.who, server: listing.ref.id });
      this.#usual.set(listing, (way = isAllowed ? this.#way(listing, this.#names) : null));
    }
    return way;
  }

  #way(listing: ServerListing, handlers: readonly string[]): Candidate {
    const { approvals } = this.routing.guards;
    return { listing, route: routeOf(listing, this.#traveller, { handlers, approvals }) };
  }

  #handlersOf(own: ServerRequestHandlers): ServerRequestHandlers | undefined {
    return handlersOf(own, this.#options);
  }
}
