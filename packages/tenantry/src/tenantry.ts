import {
  disposeAll,
  principalOf,
  quote,
  serverId,
  systemClock,
  TenantryError,
  workspaceId,
} from "@tenantry/core";
import type {
  AbortableOptions,
  CatalogClient,
  Connection,
  CredentialEvent,
  ParkedSession,
  WorkspaceClient,
  WorkspaceId,
} from "@tenantry/core";
import { createConnector } from "@tenantry/client";
import type { Authorized, Disconnected } from "@tenantry/credentials/oauth";
import { createEgress } from "@tenantry/egress";
import { createPool, type PoolStats, type Selection } from "@tenantry/pool";
import { createRouter } from "@tenantry/router";
import { Authorizations } from "./authorizations.ts";
import { checkKeeping } from "./keeping.ts";
import { checkOptions, type CheckedServers, type TenantryOptions } from "./options.ts";
import { bindServers, createRoutingDependencies, type BoundServers } from "./routed-servers.ts";

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
  /**
   * Finishes what a person has granted in the browser: `callback` is the URL that the person was sent back to, and `user`
   * who the host knows the browser to be, which has to be who was sent away. Rejects with `ARGUMENT_INVALID`, telling
   * nothing, for an authorization that is unknown, over or somebody else's, and with `CREDENTIAL_FAILED` where nothing was
   * granted. The handler of `tenantry/http` calls it.
   */
  finishAuthorization(
    user: UserAddress,
    callback: URL | URLSearchParams,
    options?: AbortableOptions,
  ): Promise<Authorized>;
  /** Forgets what a user has granted to a server, asks its issuer to end it, and closes the connections that carry it. */
  disconnect(user: string, server: string, options?: AbortableOptions): Promise<Disconnected>;
  /** Erases a person: what is stored of the user, audit entries apart, and every connection and session. */
  forget(user: string): Promise<void>;
}

/** A count of what an instance holds open. */
export interface TenantryStats extends PoolStats {
  /** Open HTTP sockets; they are shared by origin and carry no identity. */
  readonly sockets: number;
}

/** Isolated MCP connections for many users. Two instances in one process share nothing. */
export interface Tenantry extends AsyncDisposable {
  /** Whether {@link Tenantry.close} has been called. */
  readonly isClosed: boolean;
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
  const keeping = checkKeeping(options, clock);
  const { store } = keeping;
  const dependencies = createRoutingDependencies({
    fetch: egress.fetch,
    clock,
    limits: limits.process,
    ...keeping,
  });
  const bound = new Map<CheckedServers, BoundServers>(
    [template, ...(closed?.values() ?? [])].map((servers) => [servers, bindServers(servers, dependencies)]),
  );
  const providers = [...bound.values()].flatMap((servers) => [...servers.providers.values()].flat());
  const withdrawals = providers.flatMap(
    // Whoever withdraws it waits for that, and not for what ends because of it.
    (provider) => provider.watch?.((event) => void pool.revoke(selectionOf(event)).catch(() => {})) ?? [],
  );
  const serversOf = (id: WorkspaceId) => bound.get(closed ? (closed.get(id) ?? new Map()) : template);
  const authorizations = new Authorizations(
    store,
    (workspace, server) => serversOf(workspace)?.providers.get(server) ?? [],
  );
  // What a provider has still to keep, it keeps before its store ends.
  const keepers = providers.map((provider) => ({ [Symbol.asyncDispose]: async () => provider.close?.() }));
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= disposeAll([store, ...withdrawals, egress, ...keepers, pool]));

  return Object.freeze({
    get isClosed() {
      return closing !== undefined;
    },
    workspace(name: string) {
      const id = workspaceId(name);
      const servers = serversOf(id);
      if (servers === undefined) {
        throw new TenantryError(
          "WORKSPACE_UNKNOWN",
          `There is no workspace ${quote(id)}; add it to \`workspaces\`.`,
        );
      }
      const workspace = router.workspace(id, servers.routed);
      const principal = (user: UserAddress) => principalOf({ workspace: id, ...addressOf(user) });
      return Object.freeze({
        id,
        as: (user: UserAddress, context: object = {}) => workspace.as(principal(user), context),
        discovery: () => workspace.discovery(),
        async finishAuthorization(
          user: UserAddress,
          callback: URL | URLSearchParams,
          options: AbortableOptions = {},
        ) {
          return authorizations.finish(callback, principal(user), options);
        },
        async disconnect(user: string, server: string, options: AbortableOptions = {}) {
          return authorizations.disconnect(principal(user), serverId(server), options);
        },
        async forget(name: string) {
          const { user } = principal(name);
          await store.erase({ workspace: id, user });
          await pool.revoke({ workspace: id, user });
        },
      });
    },
    stats: () => ({ ...pool.stats(), sockets: egress.stats().sockets }),
    revoke: (selection: Selection) => pool.revoke(selection),
    drain: (selection: Selection) => pool.drain(selection),
    close,
    [Symbol.asyncDispose]: close,
  });
}

/** The connections that end with a credential. */
function selectionOf({ scope, server, subject }: CredentialEvent): Selection {
  return {
    ...("workspace" in scope && { workspace: scope.workspace }),
    ...("user" in scope && { user: scope.user }),
    server,
    ...(subject !== undefined && { subject }),
  };
}

function addressOf(user: UserAddress): { user: unknown; session?: unknown } {
  if (typeof user !== "object" || user === null) return { user };
  // A misspelt session would put two conversations into one.
  const unknown = Object.keys(user).find((key) => key !== "user" && key !== "session");
  if (unknown === undefined) return { user: user.user, session: user.session };
  const message = `A user has no ${quote(unknown)}; give a name, or { user, session }.`;
  throw new TenantryError("PRINCIPAL_INVALID", message);
}
