import { TenantryError, type Version } from "@tenantry/core";

/** Says that a caller gave what no store takes. */
export function invalid(message: string): TenantryError {
  return new TenantryError("ARGUMENT_INVALID", message);
}

function conflict(message: string): TenantryError {
  return new TenantryError("STORE_CONFLICT", message);
}

/** Says that a row does not have the version that a write expects. */
export function changedMeanwhile(ifVersion: Version | null): TenantryError {
  return conflict(
    ifVersion === null
      ? "There is a row already; read it, and write again with its version."
      : "The row has changed or is gone; read it, and write again with its version.",
  );
}

/** Says that whoever writes no longer has the lease. */
export function leaseEnded(): TenantryError {
  return conflict("The lease has ended; acquire it anew.");
}

/** Says that what the store holds cannot be read. */
export function unreadable(message: string, cause?: unknown): TenantryError {
  return new TenantryError("STORE_INVALID", message, cause === undefined ? {} : { cause });
}

/** Says that the store cannot be reached or written to. */
export function unavailable(
  message: string,
  details: { readonly cause?: unknown; readonly retryable: boolean },
): TenantryError {
  return new TenantryError("STORE_UNAVAILABLE", message, details);
}

/** Says that the store has been closed. */
export function closed(): TenantryError {
  return new TenantryError("CLOSED", "The store is closed; create another one.");
}
