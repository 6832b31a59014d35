import { disposeAll, quote, systemClock, TenantryError, workspaceId } from "@tenantry/core";
import type { Connection, CredentialEvent, ParkedSession, WorkspaceId } from "@tenantry/core";
import { createConnector } from "@tenantry/client";
import { credentialVault, type CredentialVault } from "@tenantry/credentials";
import { createEgress } from "@tenantry/egress";
import { createPool, type PoolStats, type Selection } from "@tenantry/pool";
import { createRouter } from "@tenantry/router";
import { Authorizations } from "./authorizations.ts";
import { checkKeeping } from "./keeping.ts";
import { checkOptions, type CheckedServers, type TenantryOptions } from "./options.ts";
import { bindServers, createRoutingDependencies, type BoundServers } from "./routed-servers.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";

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
  /**
   * The values that `fromStore()` gives: what a person or an administrator has entered goes in and does not come out. A
   * removal closes the connections that carry the value.
   */
  readonly credentials: CredentialVault;
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
    egress,
    clock,
    limits: limits.process,
    ...keeping,
  });
  const bound = new Map<CheckedServers, BoundServers>(
    [template, ...(closed?.values() ?? [])].map((servers) => [servers, bindServers(servers, dependencies)]),
  );
  const providers = [...bound.values()].flatMap((servers) => [...servers.providers.values()].flat());
  // A provider may wait until nothing carries a credential any more, and then have its issuer end it. Calls that carry one
  // in whose place there is another one go on: they have deadlines of their own.
  const end = (event: CredentialEvent) =>
    event.kind === "replaced" ? pool.retire(selectionOf(event)) : pool.revoke(selectionOf(event));
  const withdrawals = providers.flatMap(
    (provider) => provider.watch?.((event) => end(event).catch(() => {})) ?? [],
  );
  const serversOf = (id: WorkspaceId) => bound.get(closed ? (closed.get(id) ?? new Map()) : template);
  const authorizations = new Authorizations(store, clock, (workspace) => serversOf(workspace)?.providers);
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
      const parts = { authorizations, store, pool, clock };
      return openWorkspace(id, router.workspace(id, servers.routed), parts);
    },
    credentials: credentialVault({ ...keeping, clock }),
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
