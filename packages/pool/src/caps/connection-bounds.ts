import type { BoundOptions } from "./bound.ts";
import { keyOf, originKey, serverKey, principalKey, workspaceOf, type Counted } from "../keys.ts";

/** How many connections there may be, and who waits for one. */
export interface CapacityLimits {
  /** Connections in all, those being opened and drained included. */
  readonly maxConnections: number;
  /** Connections of one workspace; those of a server that everyone shares belong to none. */
  readonly maxConnectionsPerWorkspace: number;
  /** Connections of one user of one workspace, whatever the session or server. */
  readonly maxConnectionsPerUser: number;
  /** Connections to one server definition in one workspace, or to one that everyone shares. */
  readonly maxConnectionsPerServer: number;
  /** Connections that are being opened to one origin, or to one server without an origin in one workspace. */
  readonly maxConnectsPerOrigin: number;
  /** Those of them that are for one user of one workspace. */
  readonly maxConnectsPerUser: number;
  /** How long a connection stays open after its last lease, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** Callers of one user that wait for room, and users that wait for the same room. */
  readonly maxWaiting: number;
}

type Limit = keyof CapacityLimits;

/** The limits on connections that are being opened. */
export const connectLimits = [
  "maxConnectsPerUser",
  "maxConnectsPerOrigin",
] as const satisfies readonly Limit[];

/**
 * Gives the bounds that a connection counts towards, none before one that lies within it. One that is not narrower than
 * a bound around it keeps nobody out, and is left out: which ones, the limits tell once for all connections.
 */
export function boundsUnder(limits: CapacityLimits): (counted: Counted) => readonly BoundOptions[] {
  const all = "maxConnections";
  const tenant = "maxConnectionsPerWorkspace";
  const kept = (limit: Limit, within: readonly Limit[]) =>
    within.every((outer) => limits[limit] < limits[outer])
      ? { limit, max: limits[limit], within }
      : undefined;
  // A user whose server hangs leaves others their connects, in whatever conversations.
  const connects = kept("maxConnectsPerUser", ["maxConnectsPerOrigin", "maxConnectionsPerUser", tenant, all]);
  const user = kept("maxConnectionsPerUser", [tenant, all]);
  const tenantServer = kept("maxConnectionsPerServer", [tenant, all]);
  const sharedServer = kept("maxConnectionsPerServer", [all]);
  // Tenants that reach one origin share it, whatever their other bounds are.
  const origin = kept("maxConnectsPerOrigin", [all]);
  const workspace = kept(tenant, [all]);
  const instance = { limit: all, key: "", max: limits[all], within: [] };

  return ({ scope, server }) => {
    const bounds: BoundOptions[] = [];
    const own = workspaceOf(scope);
    const serverBound = own === undefined ? sharedServer : tenantServer;
    const isUser = scope.share === "user";
    const principal = principalKey(scope);
    if (connects && isUser) bounds.push({ ...connects, key: keyOf(originKey(scope, server), principal) });
    if (user && isUser) bounds.push({ ...user, key: principal });
    if (serverBound) bounds.push({ ...serverBound, key: serverKey(scope, server) });
    if (origin) bounds.push({ ...origin, key: originKey(scope, server) });
    if (workspace && own !== undefined) bounds.push({ ...workspace, key: own });
    bounds.push(instance);
    return bounds;
  };
}
