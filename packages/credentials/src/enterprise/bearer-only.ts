import { TenantryError } from "@tenantry/core";

/** Throws `PROTOCOL_VIOLATION` for a token that is not sent as a bearer token. */
export function checkBearer(tokenType: string): void {
  if (tokenType.toLowerCase() === "bearer") return;
  const what = "The authorization server gave a token that is no bearer token; ask whoever runs it.";
  throw new TenantryError("PROTOCOL_VIOLATION", what, { delivery: "unknown" });
}
