import type { Clock } from "@tenantry/core";
import { keyOf, originKey } from "../keys.ts";
import { Permits } from "./permits.ts";

/** How many calls may be in flight, and how many may wait for that. */
export interface CallLimits {
  /** Calls in flight of one user of one workspace, whatever the server. Defaults to 256. */
  readonly maxCallsPerUser: number;
  /** Calls in flight on one connection; a server that hangs leaves its users their other servers. Defaults to 128. */
  readonly maxCallsPerConnection: number;
  /** Calls in flight of one user on a connection that several share: half of what it takes at most. Defaults to 32. */
  readonly maxSharedCallsPerUser: number;
  /** Calls in flight to one origin, or to one server without an origin in one workspace. Defaults to 1,024. */
  readonly maxCallsPerServer: number;
  /** Calls of one user that wait. */
  readonly maxWaiting: number;
  /** How long a call waits, in milliseconds. */
  readonly acquireTimeoutMs: number;
}

/** Makes the permits for calls. */
export function createCallPermits(limits: CallLimits, clock: Clock): Permits {
  const { maxCallsPerUser, maxCallsPerConnection, maxCallsPerServer } = limits;
  // Whatever the limits are, no one user's hung calls leave the others nothing, unless there is one place in all.
  const half = Math.max(1, Math.floor(maxCallsPerConnection / 2));
  const maxShared = Math.min(limits.maxSharedCallsPerUser, half);
  return new Permits({
    clock,
    maxWaiting: limits.maxWaiting,
    timeoutMs: limits.acquireTimeoutMs,
    boundsOf({ scope, server }, connection, user) {
      const own = { limit: "maxCallsPerUser", key: user ?? "", max: maxCallsPerUser, within: [] };
      const origin = {
        limit: "maxCallsPerServer",
        key: originKey(scope, server),
        max: maxCallsPerServer,
        within: [],
      };
      // A connection that several share lies within none of its users.
      const within = scope.share === "user" ? [own.limit, origin.limit] : [origin.limit];
      const one = { limit: "maxCallsPerConnection", key: connection, max: maxCallsPerConnection, within };
      if (user === undefined) return [one, origin];
      if (scope.share === "user") return [one, own, origin];
      const part = {
        limit: "maxSharedCallsPerUser",
        key: keyOf(connection, user),
        max: maxShared,
        within: [one.limit, own.limit, origin.limit],
      };
      return [part, one, own, origin];
    },
  });
}
