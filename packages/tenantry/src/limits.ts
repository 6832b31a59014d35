import { fillLimits } from "@tenantry/core";
import { defaultClientLimits, type ClientLimits } from "@tenantry/client";
import { defaultEgressLimits, type EgressLimits } from "@tenantry/egress";
import { defaultPoolLimits, poolLimitsFromZero, poolLimitsToInfinity, type PoolLimits } from "@tenantry/pool";
import { defaultPipeLimits, type PipeLimits } from "@tenantry/process";
import { defaultRouterLimits, type RouterLimits } from "@tenantry/router";

/** A connection bounds each stream, each message and each request itself; there is nothing left for these to do. */
type ConnectionsOwn = "maxResponseBytes" | "idleTimeoutMs" | "totalTimeoutMs";

/**
 * The bounds of an instance; each has a default. Those that two packages keep, such as the size and the depth of one
 * message, hold for HTTP, child processes and servers in this process alike.
 */
export interface TenantryLimits
  extends PoolLimits, Omit<EgressLimits, ConnectionsOwn>, ClientLimits, PipeLimits, RouterLimits {}

/** Limits that differ from their defaults; one that is `undefined` does not. */
export type GivenLimits = { readonly [L in keyof TenantryLimits]?: TenantryLimits[L] | undefined };

/** The limits of each package, every one filled in. */
export interface SplitLimits {
  readonly pool: PoolLimits;
  readonly egress: EgressLimits;
  readonly client: ClientLimits;
  readonly process: PipeLimits;
  readonly router: RouterLimits;
}

/** Checks the limits and gives each package its own; throws `CONFIG_INVALID` and names the one that is wrong. */
export function splitLimits(given?: GivenLimits): SplitLimits {
  const { maxResponseBytes, idleTimeoutMs, totalTimeoutMs, ...egress } = defaultEgressLimits;
  const defaults = {
    ...egress,
    ...defaultPipeLimits,
    ...defaultPoolLimits,
    ...defaultRouterLimits,
    ...defaultClientLimits,
  };
  const limits: TenantryLimits = fillLimits(given as Partial<TenantryLimits> | undefined, defaults, {
    mayBeZero: [...poolLimitsFromZero, "closeGraceMs", "stderrTailBytes"],
    mayBeInfinite: [...poolLimitsToInfinity, "firstByteTimeoutMs"],
  });
  return {
    pool: pick(limits, defaultPoolLimits),
    egress: { ...pick(limits, egress), maxResponseBytes, idleTimeoutMs, totalTimeoutMs },
    client: pick(limits, defaultClientLimits),
    process: pick(limits, defaultPipeLimits),
    router: pick(limits, defaultRouterLimits),
  };
}

function pick<L extends object>(limits: L, names: L): L {
  return Object.fromEntries(Object.entries(limits).filter(([name]) => Object.hasOwn(names, name))) as L;
}
