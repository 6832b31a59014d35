import { TenantryError } from "@tenantry/core";
import type { ExchangeResponse } from "@tenantry/egress";
import { createParser, type ParseError } from "eventsource-parser";

type Answered = Pick<ExchangeResponse, "headers" | "body">;

/** Reads a whole body as text; throws `LIMIT_EXCEEDED` past `maxMessageBytes` and ends the exchange then. */
export async function readText(
  { headers, body }: Answered,
  { maxMessageBytes }: Pick<EventLimits, "maxMessageBytes">,
): Promise<string> {
  if (announced(headers) > maxMessageBytes)
    throw tooLarge(body, "an answer", "maxMessageBytes", maxMessageBytes);
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxMessageBytes) throw tooLarge(body, "an answer", "maxMessageBytes", maxMessageBytes);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** How much a stream of events may carry. */
export interface EventLimits {
  readonly maxMessageBytes: number;
  readonly maxStreamBytes: number;
}

/**
 * Reads the data of a stream's `message` events as they arrive (WHATWG HTML, section 9.2). Throws `LIMIT_EXCEEDED`
 * where one event or the whole stream is too large.
 */
export async function* readEvents(
  { headers, body }: Answered,
  limits: EventLimits,
): AsyncGenerator<string, void, void> {
  if (announced(headers) > limits.maxStreamBytes)
    throw tooLarge(body, "a stream", "maxStreamBytes", limits.maxStreamBytes);
  const decoder = new TextDecoder();
  let events: string[] = [];
  let overflow: ParseError | undefined;
  const parser = createParser({
    maxBufferSize: limits.maxMessageBytes,
    onEvent({ event, data }) {
      if ((event === undefined || event === "message") && data !== "") events.push(data);
    },
    onError(error) {
      if (error.type === "max-buffer-size-exceeded") overflow = error;
    },
  });
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > limits.maxStreamBytes)
      throw tooLarge(body, "a stream", "maxStreamBytes", limits.maxStreamBytes);
    parser.feed(decoder.decode(chunk, { stream: true }));
    if (overflow !== undefined) throw tooLarge(body, "an event", "maxMessageBytes", limits.maxMessageBytes);
    const ready = events;
    events = [];
    for (const data of ready) yield data;
  }
}

/** What an answer says of its own length, so that it need not be read to be refused; not every answer does. */
function announced(headers: Answered["headers"]): number {
  return Number(headers["content-length"] ?? 0);
}

function tooLarge(
  body: Answered["body"],
  what: string,
  limit: keyof EventLimits,
  maxBytes: number,
): TenantryError {
  body.cancel();
  const message = `The server sent ${what} of more than ${maxBytes} bytes; raise limits.${limit} if that is expected.`;
  return new TenantryError("LIMIT_EXCEEDED", message, { delivery: "unknown" });
}
