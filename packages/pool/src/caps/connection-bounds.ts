import type { BoundOptions } from "./bound.ts";
import { originKey, serverKey, principalKey, workspaceOf, type Counted } from "../keys.ts";

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
  /** How long a connection stays open after its last lease, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** Callers of one user that wait for room, and users that wait for the same room. */
  readonly maxWaiting: number;
}

/** The bounds that a connection counts towards. One that is not narrower than a bound around it keeps nobody out. */
export function boundsOf({ scope, server }: Counted, limits: CapacityLimits): readonly BoundOptions[] {
  const workspace = workspaceOf(scope);
  const bound = (
    limit: keyof CapacityLimits,
    key: string,
    ...within: (keyof CapacityLimits)[]
  ): BoundOptions => ({
    limit,
    key,
    max: limits[limit],
    within,
  });
  const all = bound("maxConnections", "");
  const tenant =
    workspace === undefined ? [] : [bound("maxConnectionsPerWorkspace", workspace, "maxConnections")];
  const around = [...tenant, all].map(({ limit }) => limit) as (keyof CapacityLimits)[];
  const user = scope.share === "user" ? [bound("maxConnectionsPerUser", principalKey(scope), ...around)] : [];
  const bounds = [
    ...user,
    bound("maxConnectionsPerServer", serverKey(scope, server), ...around),
    // Tenants that reach one origin share it, whatever their other bounds are.
    bound("maxConnectsPerOrigin", originKey(scope, server), "maxConnections"),
    ...tenant,
    all,
  ];
  const max = new Map(bounds.map(({ limit, max }) => [limit, max]));
  return bounds.filter((inner) => inner.within.every((limit) => inner.max < (max.get(limit) ?? Infinity)));
}
