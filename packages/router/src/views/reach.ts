import type {
  ClientOptions,
  Context,
  ListOptions,
  Principal,
  RequestOptions,
  ServerRequestHandlers,
} from "@tenantry/core";
import type { Kind } from "../catalog/kind.ts";
import { guardAnswers } from "../guards/answers.ts";
import type { Asker } from "../guards/guards.ts";
import type { ServerListing } from "../catalog/server-listing.ts";
import { handlerNamesOf, handlersOf, optionsOfRequest } from "../client-options.ts";
import { routeOf, type Candidate, type Routing } from "../routing.ts";
import { listAll, type Answer } from "./list-all.ts";

/** Whose view it is, and what the host has given it. */
export interface ReachOptions {
  readonly principal: Principal;
  readonly context: Context;
  readonly options: ClientOptions;
}

/** By server. */
type Ways = Map<ServerListing, Candidate>;

/** How one principal reaches the servers of a workspace. */
export class Reach {
  readonly routing: Routing;
  readonly principal: Principal;
  readonly who: Asker;
  readonly #options: ClientOptions;
  readonly #context: Context;
  /** The view's own handlers, one object for all calls that bring none. */
  readonly #handlers: ServerRequestHandlers | undefined;
  /** What servers are told that they may ask by a request that brings no handlers of its own. */
  readonly #names: readonly string[];
  /** How they are reached, by what they are told, for as long as somebody has this view: a route is the same for every call. */
  readonly #usual: Ways = new Map();
  readonly #others = new Map<string, Ways>();
  /** Whether anything of a server may be allowed, which no call changes. */
  readonly #allowed = new Map<ServerListing, boolean>();

  constructor(routing: Routing, { principal, context, options }: ReachOptions) {
    this.routing = routing;
    this.principal = principal;
    this.who = Object.freeze({ principal, roles: options.roles ?? [] });
    this.#options = options;
    this.#context = Object.freeze({ ...context });
    this.#handlers = handlersOf(undefined, options);
    this.#names = handlerNamesOf(this.#handlers);
  }

  /** Every server of which anything may be allowed, in the order of the definitions. */
  get all(): readonly Candidate[] {
    return this.those(() => true);
  }

  /** Those of which `isMeant` holds, as a request with these options reaches them. */
  those(isMeant: (listing: ServerListing) => boolean, options: RequestOptions = {}): readonly Candidate[] {
    const candidates: Candidate[] = [];
    for (const listing of this.routing.listings)
      if (isMeant(listing) && this.#mayAllow(listing)) candidates.push(this.to(listing, options));
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
    const ways = names === this.#names ? this.#usual : this.#waysOf(names);
    let candidate = ways.get(listing);
    if (candidate === undefined) {
      const { approvals } = this.routing.guards;
      const route = routeOf(listing, this.principal, this.#context, { handlers: names, approvals });
      candidate = { listing, route };
      ways.set(listing, candidate);
    }
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

  #mayAllow(listing: ServerListing): boolean {
    let allowed = this.#allowed.get(listing);
    if (allowed === undefined) {
      allowed = this.routing.guards.policy.mayAllow({ ...this.who, server: listing.ref.id });
      this.#allowed.set(listing, allowed);
    }
    return allowed;
  }

  /** The same handlers, whoever brings them, have the same ways. */
  #waysOf(names: readonly string[]): Ways {
    const id = names.join("+");
    if (id === this.#names.join("+")) return this.#usual;
    const ways = this.#others.get(id) ?? (new Map() as Ways);
    this.#others.set(id, ways);
    return ways;
  }

  #handlersOf(own: ServerRequestHandlers): ServerRequestHandlers | undefined {
    return handlersOf(own, this.#options);
  }
}
