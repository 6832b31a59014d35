import { TenantryError } from "@tenantry/core";
import type { ExchangeResponse } from "@tenantry/egress";
import { createParser, type ParseError } from "eventsource-parser";

type Body = ExchangeResponse["body"];

/** Reads a whole body as text; throws `LIMIT_EXCEEDED` past `maxBytes` and ends the exchange then. */
export async function readText(body: Body, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooLarge(body, `an answer of more than ${maxBytes} bytes`);
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
export async function* readEvents(body: Body, limits: EventLimits): AsyncGenerator<string, void, void> {
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
      throw tooLarge(body, `a stream of more than ${limits.maxStreamBytes} bytes`);
    parser.feed(decoder.decode(chunk, { stream: true }));
    if (overflow !== undefined) throw tooLarge(body, `an event of more than ${limits.maxMessageBytes} bytes`);
    const ready = events;
    events = [];
    for (const data of ready) yield data;
  }
}

function tooLarge(body: Body, what: string): TenantryError {
  body.cancel();
  return new TenantryError(
    "LIMIT_EXCEEDED",
    `The server sent ${what}; raise the limit if that is expected.`,
    {
      delivery: "unknown",
    },
  );
}
