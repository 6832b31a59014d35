import {
  scopeOf,
  type Clock,
  type Connection,
  type ConnectionPool,
  type Context,
  type CredentialProvider,
  type Principal,
  type ServerRef,
  type Share,
  type Target,
  type Upstream,
  type WorkspaceId,
} from "@tenantry/core";
import type { Announcement } from "./announcement.ts";
import { Authority } from "./authority.ts";
import type { Catalog } from "./catalog/catalog.ts";
import type { ServerListing } from "./catalog/server-listing.ts";
import type { Hearings } from "./hearing/hearings.ts";
import type { RouterLimits } from "./limits.ts";
import type { MergedLists } from "./names/merged.ts";

/** What a workspace says of one tool, whatever its server says; it holds through every rediscovery. */
export interface ToolOverride {
  /** Whether it is listed and can be called; defaults to `true`. */
  readonly enabled?: boolean | undefined;
  /** Its name in the catalog: 1 to 64 characters of `[A-Za-z0-9_-]`. Defaults to {@link toolName}'s. */
  readonly name?: string | undefined;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
}

/** One server of a workspace, ready to be reached. */
export interface RoutedServer {
  readonly ref: ServerRef;
  /** Who may share one connection to it. */
  readonly share: Share;
  readonly upstream: Upstream;
  /** What it asks of each principal; absent where it asks for nothing. */
  readonly credentials?: CredentialProvider;
  /** Present where its lists may be read before there is a user, with the credential for that. */
  readonly discovery?: { readonly credentials?: CredentialProvider };
  /** How long one call may take where the call does not say so, in milliseconds; defaults to the router's limit. */
  readonly timeoutMs?: number;
  /** By the server's own name of each tool. */
  readonly tools?: Readonly<Record<string, ToolOverride>>;
}

/** What every view of one workspace shares; nothing in it belongs to a principal. */
export interface Routing {
  readonly workspace: WorkspaceId;
  readonly pool: ConnectionPool<Connection>;
  readonly clock: Clock;
  readonly limits: RouterLimits;
  readonly catalog: Catalog;
  readonly hearings: Hearings;
  /** In the order of the definitions. */
  readonly listings: readonly ServerListing[];
  readonly merged: MergedLists;
}

/** What is asked of the pool, and with which context. */
export interface Route {
  readonly target: Target;
  readonly context: Context;
  /** Who asks; absent where there is no user yet. */
  readonly principal?: Principal;
}

/** A server that may be meant, and how this principal reaches it. */
export interface Candidate {
  readonly listing: ServerListing;
  readonly route: Route;
}

/** How a principal who answers the requests with these names reaches a server. A scope without a user gets no user's context. */
export function routeOf(
  listing: ServerListing,
  principal: Principal,
  context: Context,
  handlers: readonly string[] = [],
): Route {
  const { server } = listing;
  const scope = scopeOf(principal, server.share);
  // What a server asks on a connection that others share is of nobody in particular: it is told to ask nothing there.
  const announced = scope.share === "user" ? handlers : [];
  const target = targetOf(server, scope, server.credentials, listing.announcing(announced));
  return { target, context: scope.share === "user" ? context : Object.freeze({}), principal };
}

/** How a server is reached before there is a user; `undefined` where its definition does not allow that. */
export function discoveryRouteOf(listing: ServerListing, workspace: WorkspaceId): Route | undefined {
  const { server } = listing;
  if (server.discovery === undefined) return undefined;
  const { credentials } = server.discovery;
  const target = targetOf(server, { share: "discovery", workspace }, credentials, listing.announcing([]));
  return { target, context: Object.freeze({}) };
}

function targetOf(
  { upstream }: RoutedServer,
  scope: Target["scope"],
  credentials: CredentialProvider | undefined,
  { server, handlers }: Announcement,
): Target {
  return Object.freeze({
    scope: Object.freeze(scope),
    server,
    upstream,
    ...(credentials && { credentials: new Authority(credentials) }),
    ...(handlers && { handlers }),
  });
}
