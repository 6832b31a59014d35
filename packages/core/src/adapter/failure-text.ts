import { TenantryError } from "../error.ts";

/**
 * What a model may read of a call that failed: the message of a {@link TenantryError}, which says what can be done next and
 * holds no secret. Anything else, an abort among it, is nobody's to read and is thrown as it is.
 */
export function failureText(failure: unknown): string {
  if (failure instanceof TenantryError) return failure.message;
  throw failure;
}
