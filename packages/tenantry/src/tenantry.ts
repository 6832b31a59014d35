import { disposeAll, principalOf, quote, systemClock, TenantryError, workspaceId } from "@tenantry/core";
import type { CatalogClient, Connection, ParkedSession, WorkspaceClient, WorkspaceId } from "@tenantry/core";
import { createConnector } from "@tenantry/client";
import { createEgress } from "@tenantry/egress";
import { createPool, type PoolStats, type Selection } from "@tenantry/pool";
import { createRouter, type RoutedServer } from "@tenantry/router";
import { checkOptions, type CheckedServers, type TenantryOptions } from "./options.ts";
import { createRoutingDependencies, routeServers } from "./routed-servers.ts";

/** A user by name, or a user's one conversation. */
export type UserAddress = string | { readonly user: string; readonly session?: string | undefined };

/** One workspace: its servers, and whoever uses them. */
export interface Workspace {
  readonly id: WorkspaceId;
  /**
   * Acts as one user. Nothing is opened before the first call that needs it; `context`, a plain object, is what
   * credentials are resolved from, and goes nowhere else. Throws `PRINCIPAL_INVALID` for a missing or malformed user
   * and for a key of the address that there is not, `ARGUMENT_INVALID` for a malformed context.
   */
  as(user: UserAddress, context?: object): WorkspaceClient;
  /** Lists what there is before there is a user, under each definition's own `discovery` credential. */
  discovery(): CatalogClient;
}

/** A count of what an instance holds open. */
export interface TenantryStats extends PoolStats {
  /** Open HTTP sockets; they are shared by origin and carry no identity. */
  readonly sockets: number;
}

/** Isolated MCP connections for many users. Two instances in one process share nothing. */
export interface Tenantry extends AsyncDisposable {
  /** Gives a workspace; throws `PRINCIPAL_INVALID` for a malformed name, `WORKSPACE_UNKNOWN` outside a closed set. */
  workspace(id: string): Workspace;
  stats(): TenantryStats;
  /**
   * Ends the selected connections at once, whoever uses them, and forgets their sessions: for a user whose access has
   * ended. Resolves when nothing is left of them; rejects with `ARGUMENT_INVALID` for a selection that names nothing.
   */
  revoke(selection: Selection): Promise<void>;
  /**
   * Lends the selected connections to nobody new, and ends each when its last call has: for a server that is about to
   * move. Resolves when nothing is left of them; rejects with `ARGUMENT_INVALID` as {@link revoke} does.
   */
  drain(selection: Selection): Promise<void>;
  /** Closes every connection, session, child process and socket; gives the same promise every time. */
  close(): Promise<void>;
}

/**
 * Composes an instance from its options. It does no I/O; connections open on first use.
 * Throws `CONFIG_INVALID` or `DEFINITION_INVALID`, naming the path of what is wrong.
 */
export function createTenantry(options: TenantryOptions): Tenantry {
  const { template, closed, fetch, allow, limits, clientInfo, clock = systemClock } = checkOptions(options);
  const egress = createEgress({ limits: limits.egress, ...(fetch && { fetch }), ...(allow && { allow }) });
  const connector = createConnector({
    egress,
    limits: limits.client,
    clock,
    ...(clientInfo && { clientInfo }),
  });
  const pool = createPool<Connection, ParkedSession>({ connector, limits: limits.pool, clock });
  const router = createRouter({ pool, limits: limits.router, clock });
  const dependencies = createRoutingDependencies({ fetch: egress.fetch, clock, limits: limits.process });
  const routed = new Map<CheckedServers, readonly RoutedServer[]>(
    [template, ...(closed?.values() ?? [])].map((servers) => [servers, routeServers(servers, dependencies)]),
  );
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= disposeAll([egress, pool]));

  return Object.freeze({
    workspace(name: string) {
      const id = workspaceId(name);
      const servers = closed ? closed.get(id) : template;
      if (servers === undefined) {
        throw new TenantryError(
          "WORKSPACE_UNKNOWN",
          `There is no workspace ${quote(id)}; add it to \`workspaces\`.`,
        );
      }
      const workspace = router.workspace(id, routed.get(servers) ?? []);
      return Object.freeze({
        id,
        as: (user: UserAddress, context: object = {}) =>
          workspace.as(principalOf({ workspace: id, ...addressOf(user) }), context),
        discovery: () => workspace.discovery(),
      });
    },
    stats: () => ({ ...pool.stats(), sockets: egress.stats().sockets }),
    revoke: (selection: Selection) => pool.revoke(selection),
    drain: (selection: Selection) => pool.drain(selection),
    close,
    [Symbol.asyncDispose]: close,
  });
}

function addressOf(user: UserAddress): { user: unknown; session?: unknown } {
  if (typeof user !== "object" || user === null) return { user };
  // A misspelt session would put two conversations into one.
  const unknown = Object.keys(user).find((key) => key !== "user" && key !== "session");
  if (unknown === undefined) return { user: user.user, session: user.session };
  const message = `A user has no ${quote(unknown)}; give a name, or { user, session }.`;
  throw new TenantryError("PRINCIPAL_INVALID", message);
}
