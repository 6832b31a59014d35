import { TenantryError } from "@tenantry/core";
import type { ExchangeResponse } from "@tenantry/egress";

/** What an answer says of its own length, so that it need not be read to be refused; not every answer does. */
export function announcedBytes(headers: ExchangeResponse["headers"]): number {
  return Number(headers["content-length"] ?? 0);
}

/** The error for more than a limit allows; what has not been read is given up. */
export function tooLarge(
  body: ExchangeResponse["body"],
  what: string,
  limit: "maxMessageBytes" | "maxStreamBytes",
  maxBytes: number,
): TenantryError {
  body.cancel();
  const message = `The server sent ${what} of more than ${maxBytes} bytes; raise limits.${limit} if that is expected.`;
  return new TenantryError("LIMIT_EXCEEDED", message, { delivery: "unknown" });
}
