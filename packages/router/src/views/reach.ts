import type { ClientOptions, Context, Principal, RequestOptions } from "@tenantry/core";
import type { Candidate } from "../calls/tool-lookup.ts";
import type { ServerListing } from "../catalog/server-listing.ts";
import { optionsOfRequest } from "../client-options.ts";
import { routeOf, type Routing } from "../routing.ts";

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
  readonly options: ClientOptions;
  readonly #context: Context;
  /** By server, for as long as somebody has this view: a route is the same for every call. */
  readonly #known = new Map<ServerListing, Candidate>();

  constructor(routing: Routing, { principal, context, options }: ReachOptions) {
    this.routing = routing;
    this.principal = principal;
    this.options = options;
    this.#context = Object.freeze({ ...context });
  }

  /** Every server, in the order of the definitions. */
  get all(): readonly Candidate[] {
    return this.routing.listings.map((listing) => this.to(listing));
  }

  /** The servers of which `isMeant` holds. */
  those(isMeant: (listing: ServerListing) => boolean): readonly Candidate[] {
    return this.routing.listings.filter(isMeant).map((listing) => this.to(listing));
  }

  to(listing: ServerListing): Candidate {
    let candidate = this.#known.get(listing);
    if (candidate === undefined) {
      candidate = { listing, route: routeOf(listing.server, this.principal, this.#context) };
      this.#known.set(listing, candidate);
    }
    return candidate;
  }

  /** What a request to the server is made with. */
  optionsFor<O extends RequestOptions>({ listing }: Candidate, own: O): O {
    return optionsOfRequest(own, this.options, listing.server.ref.id);
  }

  /** How long a request may take that does not say so, in milliseconds: the longest that one of the servers may. */
  timeoutMs(candidates: readonly Candidate[]): number {
    const { callTimeoutMs } = this.routing.limits;
    return Math.max(...candidates.map(({ listing }) => listing.server.timeoutMs ?? callTimeoutMs));
  }
}
