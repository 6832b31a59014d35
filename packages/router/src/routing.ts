import {
  scopeOf,
  type Clock,
  type Connection,
  type ConnectionPool,
  type Context,
  type CredentialProvider,
  type Principal,
  type RunOptions,
  type Scope,
  type ServerRef,
  type Share,
  type Target,
  type Upstream,
  type WorkspaceId,
} from "@tenantry/core";
import type { Approvals } from "./approvals/approvals.ts";
import { Authority } from "./authority.ts";
import type { Catalog } from "./catalog/catalog.ts";
import type { ServerListing } from "./catalog/server-listing.ts";
import type { Hearings } from "./hearing/hearings.ts";
import type { Guards } from "./guards/guards.ts";
import type { RouterLimits } from "./limits.ts";
import type { MergedLists } from "./names/merged.ts";
import type { PartialLists } from "./names/partial.ts";

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
  /** Whether what it declares its tools to be is taken for true; defaults to `false`. */
  readonly trustsAnnotations?: boolean;
  /** Names how it is reached, for approvals: a change has to be approved. Defaults to the digest of `ref`. */
  readonly launch?: string;
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
  readonly partial: PartialLists;
  readonly guards: Guards;
}

/** What is asked of the pool, and with which context. */
export interface Route {
  readonly target: Target;
  readonly context: Context;
  /** Who asks; absent where there is no user yet. */
  readonly principal?: Principal;
  /** Rejects where the way to the server is not approved; absent where it need not be. */
  readonly admit?: () => Promise<void> | undefined;
}

/** Runs work at the end of a route. Nothing is borrowed, and no command started, before the way there is approved. */
export function runAt<T>(
  pool: ConnectionPool<Connection>,
  { target, context, principal, admit }: Route,
  work: (connection: Connection) => Promise<T>,
  { signal, resend }: Pick<RunOptions, "signal" | "resend">,
): Promise<T> {
  const run = () => pool.run(target, work, { context, principal, signal, resend });
  const admitted = admit?.();
  return admitted === undefined ? run() : admitted.then(run);
}

/** A server that may be meant, and how this principal reaches it. */
export interface Candidate {
  readonly listing: ServerListing;
  readonly route: Route;
}

/** Who asks, and with what. */
export interface Traveller {
  readonly principal: Principal;
  /** The user's, the same object for all servers that are not shared. */
  readonly scope: Scope;
  readonly context: Context;
}

/** What decides on a route beside who asks. */
export interface RouteParts {
  /** The requests that the principal answers, by name. */
  readonly handlers?: readonly string[] | undefined;
  /** Those of the workspace, where anything has to be approved. */
  readonly approvals?: Approvals | undefined;
}

/** How a principal who answers the requests with these names reaches a server. A scope without a user gets no user's context. */
export function routeOf(
  listing: ServerListing,
  { principal, scope: ownScope, context }: Traveller,
  { handlers = [], approvals }: RouteParts = {},
): Route {
  const { server } = listing;
  const scope = server.share === "user" ? ownScope : scopeOf(principal, server.share);
  // What a server asks on a connection that others share is of nobody in particular: it is told to ask nothing there.
  const announced = scope.share === "user" ? handlers : [];
  const target = targetOf(listing, { scope, credentials: server.credentials, announced });
  const own = scope.share === "user" ? context : Object.freeze({});
  return { target, context: own, principal, ...admission(listing, approvals) };
}

/** How a server is reached before there is a user; `undefined` where its definition does not allow that. */
export function discoveryRouteOf(
  listing: ServerListing,
  { workspace, guards: { approvals } }: Pick<Routing, "workspace" | "guards">,
): Route | undefined {
  const { server } = listing;
  if (server.discovery === undefined) return undefined;
  const { credentials } = server.discovery;
  const scope = { share: "discovery", workspace } as const;
  return {
    target: targetOf(listing, { scope, credentials, announced: [] }),
    context: Object.freeze({}),
    ...admission(listing, approvals),
  };
}

function admission({ ref, launch }: ServerListing, approvals: Approvals | undefined): Pick<Route, "admit"> {
  if (approvals?.isOn(ref.id) !== true) return {};
  return {
    admit: () => approvals.check({ server: ref.id, kind: "launch", name: "", definition: launch }),
  };
}

interface TargetParts {
  readonly scope: Target["scope"];
  readonly credentials: CredentialProvider | undefined;
  /** What the server may ask. */
  readonly announced: readonly string[];
}

function targetOf(listing: ServerListing, { scope, credentials, announced }: TargetParts): Target {
  const { server, handlers } = listing.announcing(announced);
  return Object.freeze({
    scope: Object.freeze(scope),
    server,
    upstream: listing.server.upstream,
    ...(credentials && { credentials: new Authority(credentials) }),
    ...(handlers && { handlers }),
  });
}
