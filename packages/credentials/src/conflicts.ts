import { TenantryError } from "@tenantry/core";

/** How often a row is written anew that others write at the same time. */
const maxTries = 10;

/** Whether a write was refused because the row or the lease is no longer what it was. */
export function isConflict(failure: unknown): boolean {
  return failure instanceof TenantryError && failure.code === "STORE_CONFLICT";
}

/**
 * Reads and writes a row until nobody has written it in between; rejects with `STORE_CONFLICT` where somebody always has,
 * and as `attempt` does. The first attempt has the number 1.
 */
export async function despiteConflicts<T>(attempt: (number: number) => Promise<T>): Promise<T> {
  for (let number = 1; ; number++) {
    try {
      return await attempt(number);
    } catch (failure) {
      if (!isConflict(failure) || number === maxTries) throw failure;
    }
  }
}

/** For a write that is somebody else's by now: lets its conflict pass, and no other failure. */
export function ifConflict(failure: unknown): void {
  if (!isConflict(failure)) throw failure;
}
