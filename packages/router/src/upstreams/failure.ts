import { isAbortReason, TenantryError, type ErrorCode } from "@tenantry/core";

/** How work at an upstream was given up. */
export interface Attempted {
  readonly failure: unknown;
  readonly signal: AbortSignal | undefined;
  /** Whether there was a connection to work with. */
  readonly began: boolean;
}

/**
 * How an upstream failed: it cannot be reached, does not hold a connection or answers with a server error. A tool's own
 * failure, one user's missing or refused credential, and too many requests are none of it (`undefined`), and neither is a
 * caller's abort. A time-out is where there was no connection yet: later it may be the tool that is slow.
 */
export function upstreamFailure({ failure, signal, began }: Attempted): ErrorCode | undefined {
  if (!(failure instanceof TenantryError)) return undefined;
  const { code, status } = failure;
  if (code === "TIMEOUT") return began ? undefined : code;
  if (isAbortReason(failure, signal)) return undefined;
  switch (code) {
    case "SERVER_UNAVAILABLE":
      return status === 429 ? undefined : code;
    case "ADDRESS_REFUSED":
    case "CONNECT_FAILED":
    case "SPAWN_FAILED":
    case "HANDSHAKE_FAILED":
    case "SESSION_LOST":
    case "CONNECTION_LOST":
    case "DELIVERY_UNKNOWN":
      return code;
    default:
      return undefined;
  }
}

/** Whether the upstream has answered, however it did. */
export function isAnswered(failure: unknown): boolean {
  return failure instanceof TenantryError && failure.delivery === "answered";
}

/** Whether it is sure that nothing was run, so that it may be tried elsewhere. */
export function surelyNotRun(failure: unknown): boolean {
  return (
    failure instanceof TenantryError && (failure.delivery === "unsent" || failure.delivery === "refused")
  );
}
