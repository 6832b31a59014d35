import { randomUUID } from "node:crypto";
import { disposeAll, quote, systemClock, TenantryError, workspaceId } from "@tenantry/core";
import type { Connection, ParkedSession } from "@tenantry/core";
import { createConnector } from "@tenantry/client";
import { credentialVault, type CredentialVault } from "@tenantry/credentials";
import { createEgress } from "@tenantry/egress";
import { viaMeta } from "@tenantry/gateway";
import { createPool, type PoolStats, type Selection } from "@tenantry/pool";
import { createRouter, providersIn } from "@tenantry/router";
import { Authorizations } from "./authorizations.ts";
import { checkKeeping } from "./keeping.ts";
import { bindWorkspaces } from "./bound-workspaces.ts";
import { followCredentials } from "./credential-ends.ts";
import { checkOptions, type TenantryOptions } from "./options.ts";
import { createRoutingDependencies } from "./routed-servers.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";

/** A count of what an instance holds open. */
export interface TenantryStats extends PoolStats {
  /** Open HTTP sockets; they are shared by origin and carry no identity. */
  readonly sockets: number;
}

/** Isolated MCP connections for many users. Two instances in one process share nothing. */
export interface Tenantry extends AsyncDisposable {
  /** A random name, by which requests that come back to this instance in a circle are known. */
  readonly id: string;
  /** Where its handler is mounted, as the options have it. */
  readonly publicUrl: URL | undefined;
  /** Aborts when the instance begins to close, for whatever has to end before its connections do. */
  readonly closing: AbortSignal;
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
  const checked = checkOptions(options);
  const { closed, fetch, allow, limits, clientInfo, clock = systemClock } = checked;
  const egress = createEgress({ limits: limits.egress, ...(fetch && { fetch }), ...(allow && { allow }) });
  const id = randomUUID();
  const connector = createConnector({
    ...{ egress, limits: limits.client, clock, meta: viaMeta([id]) },
    ...(clientInfo && { clientInfo }),
  });
  const pool = createPool<Connection, ParkedSession>({ connector, limits: limits.pool, clock });
  const keeping = checkKeeping(options, clock);
  const { store } = keeping;
  const parts = { pool, limits: limits.router, clock, store, guards: checked.guards };
  // In memory a list is kept anyway.
  const router = createRouter({ ...parts, lists: options.store });
  // What is wrong with a workspace's guards is said now, and not when it is first asked for.
  for (const [id, guards] of checked.guardsOf) router.workspace(id, [], { guards });
  const dependencies = createRoutingDependencies({ egress, clock, limits: limits.process, ...keeping });
  const { workspaces, providers } = bindWorkspaces(checked, {
    ...{ router, pool, keeping, dependencies, clock },
  });
  const { withdrawals, keepers } = followCredentials(providers, pool);
  const authorizations = new Authorizations(store, clock, async (id) =>
    providersIn(await workspaces.current(id)),
  );
  const ending = new AbortController();
  let closing: Promise<void> | undefined;
  const told = { [Symbol.dispose]: () => ending.abort() };
  const owned = [store, ...withdrawals, egress, ...keepers, workspaces, pool, router, told];
  const close = () => (closing ??= disposeAll(owned));

  return Object.freeze({
    id,
    publicUrl: checked.publicUrl === undefined ? undefined : new URL(checked.publicUrl),
    closing: ending.signal,
    get isClosed() {
      return closing !== undefined;
    },
    workspace(name: string) {
      const id = workspaceId(name);
      if (closed?.has(id) === false) {
        throw new TenantryError(
          "WORKSPACE_UNKNOWN",
          `There is no workspace ${quote(id)}; add it to \`workspaces\`.`,
        );
      }
      const parts = { authorizations, store, pool, router, clock };
      return openWorkspace(id, workspaces.workspace(id), parts);
    },
    credentials: credentialVault({ ...keeping, clock }),
    stats: () => ({ ...pool.stats(), sockets: egress.stats().sockets }),
    revoke: (selection: Selection) => pool.revoke(selection),
    drain: (selection: Selection) => pool.drain(selection),
    close,
    [Symbol.asyncDispose]: close,
  });
}
