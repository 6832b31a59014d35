import { quote, TenantryError, type Delivery, type ServerId } from "@tenantry/core";
import { kinds, type Kind } from "./kind.ts";

/** A list does no harm when it is asked for again, so its time-out is worth another try wherever it happened. */
export function listTimeout(
  server: ServerId,
  kind: Kind,
  timeoutMs: number,
  delivery: Delivery,
): TenantryError {
  const what = `did not list its ${kinds[kind].noun} within ${timeoutMs} ms`;
  const message = `The server ${quote(server)} ${what}; ask again later or allow more.`;
  return new TenantryError("TIMEOUT", message, { server, delivery, retryable: true });
}

/** What comes from outside, such as a credential function of the host, may throw anything. */
export function reasonOf(failure: unknown, server: ServerId): TenantryError {
  if (failure instanceof TenantryError) return failure;
  const message = `The server ${quote(server)} could not be asked; the cause says why.`;
  return new TenantryError("SERVER_UNAVAILABLE", message, { server, cause: failure });
}

/** Whether a server refuses whoever asks: what it told them earlier is theirs no more. */
export function notAuthorized({ code }: TenantryError): boolean {
  return code === "UNAUTHORIZED" || code === "AUTHORIZATION_REQUIRED";
}
