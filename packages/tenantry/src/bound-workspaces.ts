import type { Clock, CredentialProvider, WorkspaceId } from "@tenantry/core";
import type { Pool } from "@tenantry/pool";
import { createWorkspaces, type Router, type Workspaces } from "@tenantry/router";
import type { Keeping } from "./keeping.ts";
import type { CheckedOptions, CheckedServers } from "./options.ts";
import { bindNamed, bindServers, type BoundServers, type RoutingDependencies } from "./routed-servers.ts";
import { storedDefinitions } from "./stored-definitions.ts";

/** What workspaces are bound with. */
export interface BindingParts {
  readonly router: Router;
  readonly pool: Pick<Pool<never>, "retire" | "revoke">;
  readonly keeping: Keeping;
  readonly dependencies: RoutingDependencies;
  readonly clock: Clock;
}

/** The workspaces of an instance, and all that gives credentials in any of them. */
export interface BoundWorkspaces {
  readonly workspaces: Workspaces;
  readonly providers: readonly CredentialProvider[];
}

/** Binds the host's own definitions, once for all workspaces that have them, and joins them with what the store has. */
export function bindWorkspaces(
  checked: CheckedOptions,
  { router, pool, keeping, dependencies, clock }: BindingParts,
): BoundWorkspaces {
  const { template, closed, limits, credentialSources } = checked;
  const { store } = keeping;
  const bound = new Map<CheckedServers, BoundServers>(
    [template, ...(closed?.values() ?? [])].map((servers) => [servers, bindServers(servers, dependencies)]),
  );
  const named = Object.values(credentialSources).map((source) => bindNamed(source, dependencies));
  const none = Object.freeze([]);
  const definedFor = (id: WorkspaceId) => (closed === undefined ? template : closed.get(id));
  const workspaces = createWorkspaces({
    ...{ store, clock, limits: limits.router },
    base: (id) => bound.get(definedFor(id) ?? new Map())?.servers ?? none,
    definitions: storedDefinitions({ ...checked, ...keeping }, dependencies),
    open: (id, servers) =>
      router.workspace(id, servers, { names: checked.namesOf(id), guards: checked.guardsOf.get(id) }),
    forget: (server) => void router.forget(server).catch(() => {}),
    retire: (selection) => pool.retire({ ...selection }),
    revoke: (selection) => pool.revoke({ ...selection }),
  });
  return { workspaces, providers: [...[...bound.values()].flatMap(({ providers }) => providers), ...named] };
}
