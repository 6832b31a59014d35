import { TenantryError } from "@tenantry/core";
import type { ExchangeResponse } from "@tenantry/egress";

/** What is read of a response. */
export type Answered = Pick<ExchangeResponse, "headers" | "body">;

type Limit = "maxMessageBytes" | "maxStreamBytes";

/** Reads a whole body as text; throws `LIMIT_EXCEEDED` past `maxBytes` and ends the exchange then. */
export async function readText(answered: Answered, maxBytes: number): Promise<string> {
  checkAnnounced(answered, "an answer", "maxMessageBytes", maxBytes);
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  await answered.body.drain((chunk) => {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooLarge("an answer", "maxMessageBytes", maxBytes);
    text += decoder.decode(chunk, { stream: true });
  });
  return text + decoder.decode();
}

/** Refuses what says of itself that it is too large, unread; not every answer says its length. */
export function checkAnnounced(
  { headers, body }: Answered,
  what: string,
  limit: Limit,
  maxBytes: number,
): void {
  if (Number(headers["content-length"] ?? 0) <= maxBytes) return;
  body.cancel();
  throw tooLarge(what, limit, maxBytes);
}

/** The error for more than a limit allows. */
export function tooLarge(what: string, limit: Limit, maxBytes: number): TenantryError {
  const message = `The server sent ${what} of more than ${maxBytes} bytes; raise limits.${limit} if that is expected.`;
  return new TenantryError("LIMIT_EXCEEDED", message, { delivery: "unknown" });
}
