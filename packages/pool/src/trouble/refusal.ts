import { quote, TenantryError, type ErrorDetails, type ServerId } from "@tenantry/core";

/** Whom a call is refused, for how long, and what they last heard themselves. */
export interface Refusal {
  readonly server: ServerId;
  readonly waitMs: number;
  /** Absent where only others have failed: one principal's errors are not shown to another. */
  readonly cause: TenantryError | undefined;
}

/** What a caller hears whose server cannot be reached. */
export function unreachable(refusal: Refusal): TenantryError {
  const why = "The server failed several times in a row and is tried again with one call at a time";
  return refused("SERVER_UNAVAILABLE", why, refusal);
}

/** What a caller hears whom the server has asked to wait. */
export function heldBack(refusal: Refusal): TenantryError {
  return refused("SERVER_UNAVAILABLE", "The server asked for fewer calls", refusal);
}

/** What a caller hears whose credential the server keeps refusing, by the code that it was last refused with. */
export function unauthorized(refusal: Refusal & { readonly cause: TenantryError }): TenantryError {
  const { code, authorizationUrl, challenge, slot } = refusal.cause;
  return refused(
    code,
    "The server refused this credential several times in a row; renew it, or wait",
    refusal,
    {
      ...(authorizationUrl && { authorizationUrl }),
      ...(challenge && { challenge }),
      ...(slot !== undefined && { slot }),
    },
  );
}

function refused(
  code: TenantryError["code"],
  why: string,
  { server, waitMs, cause }: Refusal,
  details: ErrorDetails = {},
): TenantryError {
  return new TenantryError(code, `${quote(server)}: ${why}; call again in ${waitMs} ms.`, {
    ...details,
    server,
    retryable: true,
    retryAfterMs: waitMs,
    ...(cause && { cause }),
  });
}
