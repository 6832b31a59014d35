import type {
  ClientOptions,
  Context,
  ListOptions,
  Principal,
  RequestOptions,
  ServerRequestHandlers,
} from "@tenantry/core";
import { unknownServer } from "../calls/address.ts";
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

/** How one principal reaches the servers of a workspace. */
export class Reach {
  readonly routing: Routing;
  readonly principal: Principal;
  readonly who: Asker;
  readonly #options: ClientOptions;
  readonly #context: Context;
  /** The view's own handlers, one object for all calls that bring none. */
  readonly #handlers: ServerRequestHandlers | undefined;
  /** By server and by what it is told that it may ask, for as long as somebody has this view: a route is the same for every call. */
  readonly #known = new Map<ServerListing, Map<string, Candidate>>();

  constructor(routing: Routing, { principal, context, options }: ReachOptions) {
    this.routing = routing;
    this.principal = principal;
    this.who = Object.freeze({ principal, roles: options.roles ?? [] });
    this.#options = options;
    this.#context = Object.freeze({ ...context });
    this.#handlers = handlersOf(undefined, options);
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
    const { listings, guards } = this.routing;
    const mayAllow = ({ ref: { id: server } }: ServerListing) =>
      guards.policy.mayAllow({ ...this.who, server });
    return listings
      .filter((listing) => isMeant(listing) && mayAllow(listing))
      .map((listing) => this.to(listing, options));
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
    const names = handlerNamesOf(handlers === undefined ? this.#handlers : this.#handlersOf(handlers));
    const id = names.join("+");
    const ways = this.#known.get(listing) ?? new Map<string, Candidate>();
    this.#known.set(listing, ways);
    let candidate = ways.get(id);
    if (candidate === undefined) {
      const { approvals } = this.routing.guards;
      const route = routeOf(listing, this.principal, this.#context, { handlers: names, approvals });
      candidate = { listing, route };
      ways.set(id, candidate);
    }
    return candidate;
  }

  /** What a request to the server is made with: what it brings itself, and for the rest what the client was given. */
  optionsFor<O extends RequestOptions>({ listing }: Candidate, own: O): O {
    const handlers = own.handlers === undefined ? this.#handlers : this.#handlersOf(own.handlers);
    return optionsOfRequest({ ...own, handlers }, this.#options, listing.server.ref.id);
  }

  /** How long a request may take that does not say so, in milliseconds: the longest that one of the servers may. */
  timeoutMs(candidates: readonly Candidate[]): number {
    const { callTimeoutMs } = this.routing.limits;
    return candidates.length === 0
      ? callTimeoutMs
      : Math.max(...candidates.map(({ listing }) => listing.server.timeoutMs ?? callTimeoutMs));
  }

  #handlersOf(own: ServerRequestHandlers): ServerRequestHandlers | undefined {
    return handlersOf(own, this.#options);
  }
}
