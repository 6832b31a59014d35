import {
  isAbortReason,
  quote,
  TenantryError,
  withDetails,
  type AbortableOptions,
  type ServerId,
} from "@tenantry/core";
import type { CheckedTarget } from "./targets.ts";

/** What a closed pool answers. */
export function poolClosed(): TenantryError {
  return new TenantryError("CLOSED", "This instance is closed; create another one.");
}

/** What a caller hears who cannot even wait for room. */
export function tooManyWaiting(server: ServerId, maxWaiting: number): TenantryError {
  const why = `All connections that may be open are in use and ${maxWaiting} wait already; try again later.`;
  return new TenantryError("POOL_EXHAUSTED", `${quote(server)}: ${why}`, { server, retryable: true });
}

/** What a caller hears whose user has very many calls without a connection already. */
export function tooManyCallers(server: ServerId, max: number): TenantryError {
  const why = `${max} calls of this user wait for a credential or a connection already; try again later.`;
  return new TenantryError("POOL_EXHAUSTED", `${quote(server)}: ${why}`, { server, retryable: true });
}

/** What a caller hears whose provider of credentials gives no answer. */
export function providerTimedOut(server: ServerId, timeoutMs: number): TenantryError {
  const why = `The provider gave no credential within ${timeoutMs} ms; try again later, or raise acquireTimeoutMs.`;
  return new TenantryError("TIMEOUT", `${quote(server)}: ${why}`, { server, retryable: true });
}

/** What a caller hears who has waited for room long enough. */
export function waitedTooLong(server: ServerId, acquireTimeoutMs: number): TenantryError {
  const why = `All connections that may be open stayed in use for ${acquireTimeoutMs} ms; try again later, or raise the caps.`;
  return new TenantryError("POOL_EXHAUSTED", `${quote(server)}: ${why}`, { server, retryable: true });
}

/** What every caller hears whose connection took too long to open. */
export function connectTimedOut(server: ServerId, connectTimeoutMs: number): TenantryError {
  const why = `The connection did not open within ${connectTimeoutMs} ms; try again later, or raise connectTimeoutMs.`;
  return new TenantryError("TIMEOUT", `${quote(server)}: ${why}`, { server, retryable: true });
}

/** What a caller hears whose connection had ended before it could be lent. */
export function connectionEnded(server: ServerId): TenantryError {
  const why = "The connection ended before it could be used; try again.";
  return new TenantryError("CONNECTION_LOST", `${quote(server)}: ${why}`, { server, retryable: true });
}

/** What those hear who wait for a connection that is revoked. */
export function revoked(server: ServerId): TenantryError {
  const why = "The connection was revoked; call again, if its user may still use it.";
  return new TenantryError("CONNECTION_LOST", `${quote(server)}: ${why}`, { server });
}

/** The failure as its caller hears it: a typed one names its server. */
export function named(failure: unknown, server: ServerId): unknown {
  const isNameless = failure instanceof TenantryError && failure.server === undefined;
  return isNameless ? withDetails(failure, { server }) : failure;
}

/**
 * The failure as one caller hears it: whoever it comes from, it names its server; the reason of the caller's own abort is
 * left as it is. Several users may hear of one failure, and then each has an error of their own: what the host of one
 * notes on it is not for the others. Without a target, the arguments were at fault.
 */
export function explained(
  failure: unknown,
  target: CheckedTarget | undefined,
  options: AbortableOptions,
): unknown {
  if (target === undefined || isAbortReason(failure, options.signal)) return failure;
  const { scope, server } = target;
  if (scope.share === "user" || !(failure instanceof TenantryError)) return named(failure, server.id);
  return withDetails(failure, { server: failure.server ?? server.id });
}

/** What a failure says that is not merely the reason of the caller's own abort, which may be any server's error. */
export function said(failure: unknown, { signal }: AbortableOptions): TenantryError | undefined {
  return failure instanceof TenantryError && !isAbortReason(failure, signal) ? failure : undefined;
}

/** Whether a server refused the credential. */
export function isRefusal({ recover, code }: TenantryError): boolean {
  return recover === "reauthorize" || code === "UNAUTHORIZED";
}
