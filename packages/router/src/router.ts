import {
  isPlainObject,
  principalOf,
  quote,
  serverId,
  systemClock,
  TenantryError,
  type CatalogClient,
  type ClientOptions,
  type Clock,
  type Connection,
  type ConnectionPool,
  type Context,
  type Principal,
  type ServerId,
  type WorkspaceClient,
  type WorkspaceId,
} from "@tenantry/core";
import { checkClientOptions } from "./client-options.ts";
import { checkTimeout, routerLimits, type RouterLimits } from "./limits.ts";
import { checkOptions } from "./request-options.ts";
import { unknownServer } from "./calls/address.ts";
import { discoveryRouteOf, type RoutedServer, type Routing } from "./routing.ts";
import type { ApprovalDesk } from "./approvals/desk.ts";
import { guardAnswers, nobodyIn } from "./guards/answers.ts";
import { GuardHouse, type GuardOptions, type GuardStore } from "./guards/guards.ts";
import { PartialLists } from "./names/partial.ts";
import { Catalog } from "./catalog/catalog.ts";
import type { CatalogStore } from "./catalog/saved-catalogs.ts";
import type { Whom } from "./catalog/contexts.ts";
import { ServerListing } from "./catalog/server-listing.ts";
import { Hearings } from "./hearing/hearings.ts";
import { MergedLists } from "./names/merged.ts";
import { isCatalogName, type NameMode } from "./names/presented.ts";
import { switchingPool } from "./upstreams/switching-pool.ts";
import { listAll, type Asked } from "./views/list-all.ts";
import { toolListing } from "./views/listings.ts";
import { WorkspaceView } from "./views/workspace-view.ts";

/** What a router is made of. */
export interface RouterOptions {
  /** Where connections are borrowed; the router opens none itself. */
  readonly pool: ConnectionPool<Connection>;
  /** Defaults to the system's clock. */
  readonly clock?: Clock | undefined;
  readonly limits?: Partial<RouterLimits> | undefined;
  /** The guards of every workspace, beside what one has of its own. */
  readonly guards?: GuardOptions | undefined;
  /** Where approvals, audit entries and shared quotas are kept; required by the guards that need it. */
  readonly store?: GuardStore | undefined;
  /** Where lists outlive the process; absent: they do not. */
  readonly lists?: CatalogStore | undefined;
}

/** Routes the calls of every workspace over one pool. It keeps nothing open, and remembers what servers list. */
export interface Router extends AsyncDisposable {
  /**
   * Gives one workspace's view of `servers`; their order is the order of every listing. What is known of a list of
   * servers is kept as long as the list itself, so give the same list again. Throws `CONFIG_INVALID` for a malformed
   * server or an id that comes twice.
   */
  workspace(id: WorkspaceId, servers: readonly RoutedServer[], shape?: WorkspaceShape): WorkspaceRouter;

  /** Opens the desk at which approvals of a workspace are decided; throws `CONFIG_INVALID` where the router has no store. */
  approvals(id: WorkspaceId): ApprovalDesk;
  /**
   * Forgets the lists that the users of a workspace, or one of them, were given, of one server or of all. It looks at every
   * user. Rejects as the store does.
   */
  forget(whom: Whom): Promise<void>;
  /** Forgets everything that is in memory, and waits for what is being saved; the pool and the store close after it. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** How a workspace shows what its servers offer. */
export interface WorkspaceShape {
  /**
   * `prefixed`: names begin with their servers' ids, and are the same whichever other servers come and go. `plain`: names
   * are the servers' own as far as they can be; what two servers have under one name is not listed, and named in the
   * listing's `ambiguous`. Defaults to `prefixed`.
   */
  readonly names?: NameMode | undefined;
  /**
   * The workspace's own guards: policies, quotas and interceptors hold beside the router's, and what has to be approved in
   * its place. What was counted is kept as long as the object itself, so give the same one again.
   */
  readonly guards?: GuardOptions | undefined;
}

/** Routes the calls of one workspace. */
export interface WorkspaceRouter {
  /**
   * Gives the principal's view of the workspace. The context is copied, one level deep, for the credentials of this
   * principal; `options` are what every call is given that does not bring its own. Throws `PRINCIPAL_INVALID`, also for a
   * principal of another workspace or with a key that there is not, and `ARGUMENT_INVALID` for a context that is no plain
   * object and for malformed options.
   */
  as(principal: Principal, context: object, options?: ClientOptions): WorkspaceClient;
  /**
   * Lists tools before there is a user, under each definition's own `discovery` credential. A server without one is
   * reported as unavailable with `CREDENTIAL_MISSING`.
   */
  discovery(): CatalogClient;
}

/** Creates a router; throws `CONFIG_INVALID` for a malformed limit or guard. */
export function createRouter(options: RouterOptions): Router {
  const { clock = systemClock } = options;
  const pool = switchingPool(options.pool, clock);
  const limits = routerLimits(options.limits);
  const house = new GuardHouse(options.guards ?? {}, { clock, store: options.store });
  const { identities } = house;
  const catalog = new Catalog({ pool, clock, limits, identities, store: options.lists });
  const hearings = new Hearings({ pool, clock, catalog });
  const known = new WeakMap<readonly RoutedServer[], Map<NameMode, Shown>>();

  function shown(servers: readonly RoutedServer[], names: NameMode): Shown {
    const kept = known.get(servers)?.get(names);
    if (kept !== undefined) return kept;
    checkServers(servers);
    const listings = Object.freeze(servers.map((server) => new ServerListing(server, names)));
    const made = Object.freeze({ listings, merged: new MergedLists(), partial: new PartialLists() });
    known.set(servers, (known.get(servers) ?? new Map<NameMode, Shown>()).set(names, made));
    return made;
  }

  return Object.freeze({
    workspace(
      id: WorkspaceId,
      servers: readonly RoutedServer[],
      { names = "prefixed", guards }: WorkspaceShape = {},
    ) {
      const parts = { workspace: id, pool, clock, limits, catalog, hearings, guards: house.of(id, guards) };
      const routing = Object.freeze({ ...parts, ...shown(servers, checkNames(names)) });
      return workspaceRouter(routing);
    },
    approvals: (id: WorkspaceId) => house.desk(id),
    forget: (whom: Whom) => catalog.forget(whom),
    async [Symbol.asyncDispose]() {
      house.close();
      await catalog.close();
    },
  });
}

/** What the workspaces that have the same servers share. */
type Shown = Pick<Routing, "listings" | "merged" | "partial">;

function checkNames(names: unknown): NameMode {
  if (names === "prefixed" || names === "plain") return names;
  throw new TenantryError("CONFIG_INVALID", 'names: expected "prefixed" or "plain".');
}

function workspaceRouter(routing: Routing): WorkspaceRouter {
  return Object.freeze({
    as: (principal: Principal, context: object, options: ClientOptions = {}) =>
      new WorkspaceView(routing, {
        principal: principalIn(routing.workspace, principal),
        context: checkContext(context),
        options: checkClientOptions(options),
      }),
    discovery: () => discoveryClient(routing),
  });
}

function checkServers(servers: readonly RoutedServer[]): void {
  const ids = new Set<string>();
  for (const { ref, timeoutMs, tools = {} } of servers) {
    const id = serverId(ref.id);
    if (ids.has(id))
      throw new TenantryError("CONFIG_INVALID", `The server ${quote(id)} is given twice; keep one.`);
    ids.add(id);
    if (timeoutMs !== undefined)
      checkTimeout(timeoutMs, `The timeoutMs of the server ${quote(id)}`, "CONFIG_INVALID");
    for (const [tool, { name }] of Object.entries(tools)) {
      if (name === undefined || isCatalogName(name)) continue;
      const expected = "1 to 64 characters of [A-Za-z0-9_-]";
      throw new TenantryError(
        "CONFIG_INVALID",
        `The name of the tool ${quote(tool)} of the server ${quote(id)}: expected ${expected}.`,
      );
    }
  }
}

const partsOfPrincipal = ["workspace", "user", "session"] as const;

/** Checks a principal, which has to be of the workspace. */
export function principalIn(workspace: WorkspaceId, given: Principal): Principal {
  const principal = principalOf(given ?? {});
  // A misspelt session would put two conversations into one.
  const unknown = Object.keys(given).find((key) => !(partsOfPrincipal as readonly string[]).includes(key));
  if (unknown !== undefined) {
    const parts = partsOfPrincipal.join(", ");
    throw new TenantryError("PRINCIPAL_INVALID", `A principal has no ${quote(unknown)}; there are ${parts}.`);
  }
  if (principal.workspace === workspace) return principal;
  const message =
    "The principal belongs to another workspace than this router's; ask its own workspace's router.";
  throw new TenantryError("PRINCIPAL_INVALID", message);
}

/** A copy would lose what a map holds or a class computes, and then a credential would seem to be missing. */
export function checkContext(context: object): Context {
  if (isPlainObject(context)) return context;
  const message = "The context of a user must be a plain object; give one, such as { token }.";
  throw new TenantryError("ARGUMENT_INVALID", message);
}

function discoveryClient(routing: Routing): CatalogClient {
  const { policy } = routing.guards;
  const nobody = nobodyIn(routing.workspace);
  const allowed = routing.listings.filter(({ ref }) => policy.mayAllow({ ...nobody, server: ref.id }));
  const asked = allowed.map((listing) => {
    const route = discoveryRouteOf(listing, routing);
    const server = listing.server.ref.id;
    return route === undefined ? { server, error: undiscoverable(listing.server) } : { listing, route };
  });
  return Object.freeze({
    async listTools(options = {}) {
      const { server } = checkOptions(options);
      const meant = server === undefined ? asked : asked.filter((one) => serverOf(one) === server);
      if (server !== undefined && meant.length === 0) throw unknownServer(server);
      const answers = await listAll(routing, meant, "tools", options);
      return toolListing(routing, await guardAnswers(routing, "tools", answers, options));
    },
  } satisfies CatalogClient);
}

function serverOf(asked: Asked): ServerId {
  return "error" in asked ? asked.server : asked.listing.ref.id;
}

function undiscoverable({ ref }: RoutedServer): TenantryError {
  const hint = "give its definition a `discovery` credential, or list as a principal";
  const message = `The tools of the server ${quote(ref.id)} are not listed before there is a user; ${hint}.`;
  return new TenantryError("CREDENTIAL_MISSING", message, { server: ref.id, slot: "discovery" });
}
