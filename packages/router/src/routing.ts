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
import type { RouterLimits } from "./limits.ts";
import type { ServerListing } from "./catalog/server-listing.ts";

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

/** What every view of one router shares; nothing in it belongs to a principal. */
export interface Routing {
  readonly workspace: WorkspaceId;
  readonly pool: ConnectionPool<Connection>;
  readonly clock: Clock;
  readonly limits: RouterLimits;
  /** In the order of the definitions. */
  readonly listings: readonly ServerListing[];
}

/** What is asked of the pool, and with which context. */
export interface Route {
  readonly target: Target;
  readonly context: Context;
  /** Who asks; absent where there is no user yet. */
  readonly principal?: Principal;
}

/** How a principal reaches a server. A scope without a user gets no user's context. */
export function routeOf(server: RoutedServer, principal: Principal, context: Context): Route {
  const scope = scopeOf(principal, server.share);
  const target = targetOf(server, scope, server.credentials);
  return { target, context: scope.share === "user" ? context : Object.freeze({}), principal };
}

/** How a server is reached before there is a user; `undefined` where its definition does not allow that. */
export function discoveryRouteOf(server: RoutedServer, workspace: WorkspaceId): Route | undefined {
  if (server.discovery === undefined) return undefined;
  const target = targetOf(server, { share: "discovery", workspace }, server.discovery.credentials);
  return { target, context: Object.freeze({}) };
}

function targetOf(
  server: RoutedServer,
  scope: Target["scope"],
  credentials: CredentialProvider | undefined,
): Target {
  const target = { scope: Object.freeze(scope), server: server.ref, upstream: server.upstream };
  return Object.freeze(credentials === undefined ? target : { ...target, credentials });
}
