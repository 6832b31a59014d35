import { TenantryError } from "./error.ts";

/** The `DEFINITION_INVALID` for what stands at a path; `why` repeats no value, which may be a secret. */
export function definitionInvalid(path: string, why: string): TenantryError {
  return new TenantryError("DEFINITION_INVALID", `${path}: ${why}.`);
}
