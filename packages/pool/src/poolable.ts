import { isThenable, TenantryError, type Poolable } from "@tenantry/core";

/** Whether a connector gave what it should; one of another's making may give anything. */
export function isPoolable(given: Partial<Poolable<unknown>> | null | undefined): boolean {
  const { adopt, park, close, closed } = given ?? {};
  return [adopt, park, close].every((verb) => typeof verb === "function") && isThenable(closed);
}

/** Closes what is no whole connection, as far as it can be, and gives the error for it. */
export async function malformed(
  given: Partial<Poolable<unknown>> | null | undefined,
): Promise<TenantryError> {
  try {
    await given?.close?.();
  } catch {
    // That it is malformed is what its maker must hear of.
  }
  const what = "The connector gave no connection with adopt(), park(), close() and closed; correct it.";
  return new TenantryError("CONNECT_FAILED", what);
}
