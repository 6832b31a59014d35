import { fillLimits, TenantryError } from "@tenantry/core";

/** How much is remembered of grants, and how long refreshing one takes at most. */
export interface GrantLimits {
  /** Grants that are kept in memory; the least recently used is read again when it is asked for. Defaults to 10,000. */
  readonly maxGrants: number;
  /** How old what is kept in memory may be, in milliseconds, where the store tells of no change. Defaults to 60,000. */
  readonly memoryMs: number;
  /**
   * How long before its end an access token is refreshed beside the calls that still use it, in milliseconds; a fifth of
   * its time at most. Defaults to 60,000.
   */
  readonly aheadMs: number;
  /**
   * How long one refresh may take, in milliseconds, and half of it finding out where the token goes. Defaults to 15,000.
   */
  readonly refreshTimeoutMs: number;
  /**
   * How long one process keeps the others from refreshing the same grant, in milliseconds, and, with two seconds more, how
   * long they wait for it; longer than `refreshTimeoutMs`. No call takes longer than twice that, whatever the store does.
   * Defaults to 20,000.
   */
  readonly refreshLeaseMs: number;
}

/** When a lease ends, all who waited for it take it in turns, and none is sent away because another one has it just now. */
const turnsMs = 2_000;

/** How long a call waits for another process, in milliseconds. */
export function patienceMs({ refreshLeaseMs }: Readonly<GrantLimits>): number {
  return refreshLeaseMs + turnsMs;
}

/** The defaults of {@link GrantLimits}. */
export const defaultGrantLimits: GrantLimits = Object.freeze({
  maxGrants: 10_000,
  memoryMs: 60_000,
  aheadMs: 60_000,
  refreshTimeoutMs: 15_000,
  refreshLeaseMs: 20_000,
});

/** Fills in the defaults; throws `CONFIG_INVALID` for a limit that there is not or that cannot be kept. */
export function grantLimits(given: Partial<GrantLimits> | undefined): Readonly<GrantLimits> {
  const limits = fillLimits(given, defaultGrantLimits);
  if (limits.refreshLeaseMs > limits.refreshTimeoutMs) return limits;
  const why =
    "limits.refreshLeaseMs: expected more than refreshTimeoutMs, so that a request ends before its lease does.";
  throw new TenantryError("CONFIG_INVALID", why);
}
