import { TenantryError, withDeadline } from "@tenantry/core";
import type { OAuthParts } from "./parts.ts";

/**
 * Waits for a store no longer than for an issuer; what it was asked for may be done later all the same. Rejects with a
 * `TIMEOUT` that says how to go on.
 */
export function inTime<T>(
  { clock, options }: Pick<OAuthParts, "clock" | "options">,
  work: () => Promise<T>,
): Promise<T> {
  const timeoutMs = options.limits.requestTimeoutMs;
  const what = `The store has not answered within ${timeoutMs} ms; finish the authorization again with the same callback.`;
  const expired = () => new TenantryError("TIMEOUT", what, { retryable: true, delivery: "unknown" });
  return withDeadline({ clock, timeoutMs, keepAlive: true, expired }, work);
}
