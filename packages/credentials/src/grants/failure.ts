import { quote, TenantryError, type CredentialKey } from "@tenantry/core";

/** Whether the issuer takes the refresh token no longer. */
export function isOver(failure: unknown): boolean {
  return failure instanceof TenantryError && failure.code === "AUTHORIZATION_REQUIRED";
}

/** Whether it is the issuer that has said so, and not somebody who cannot use the token where it would be sent. */
export function isOverAtIssuer(failure: unknown): boolean {
  return isOver(failure) && failure instanceof TenantryError && failure.delivery === "answered";
}

/** Whether the refresh token has surely not been used: it was not sent, not read, or answered with an error. */
export function isUnused(failure: unknown): boolean {
  return failure instanceof TenantryError && failure.delivery !== "unknown";
}

/** The error for a grant that nothing but the person can renew. */
export function mustAuthorize({ server, slot }: CredentialKey, why: string, cause?: unknown): TenantryError {
  const what = `The authorization for the server ${quote(server)} ${why}; the person has to grant it again.`;
  const details = { server, slot, ...(cause !== undefined && { cause }) };
  return new TenantryError("AUTHORIZATION_REQUIRED", what, details);
}

/** The error for a caller who has waited as long as another process, or the store, may keep a grant to itself. */
export function waitedTooLong({ server, slot }: CredentialKey): TenantryError {
  const why = `The authorization for the server ${quote(server)} has been read or refreshed, here or by another process, for too long; try again.`;
  return new TenantryError("TIMEOUT", why, { retryable: true, server, slot });
}

/** The error for a call after `close()`. */
export function closed(): TenantryError {
  return new TenantryError("CLOSED", "The grants have been closed; make new ones.");
}
