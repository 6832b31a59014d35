import { createParser } from "eventsource-parser";
import { checkAnnounced, tooLarge, type Answered } from "./body.ts";

/** How much a stream of events may carry. */
export interface EventLimits {
  readonly maxMessageBytes: number;
  readonly maxStreamBytes: number;
}

/** What a stream of events is read for. */
export interface EventSink {
  /** Takes one event that has data; `event` is absent where it is an ordinary message. */
  event(data: string, event: string | undefined): void;
  /** Takes the id from which the stream can be resumed. */
  id?(id: string): void;
  /** Takes the pause before a reconnect that the server asks for, in milliseconds. */
  retry?(afterMs: number): void;
}

/**
 * Reads a stream of events as they arrive (WHATWG HTML, section 9.2), until it ends or is cancelled. Throws
 * `LIMIT_EXCEEDED` where one event or the whole stream is too large.
 */
export async function readEventStream(
  answered: Answered,
  limits: EventLimits,
  sink: EventSink,
): Promise<void> {
  const { maxStreamBytes, maxMessageBytes } = limits;
  checkAnnounced(answered, "a stream", "maxStreamBytes", maxStreamBytes);
  const decoder = new TextDecoder();
  let overflow = false;
  const parser = createParser({
    maxBufferSize: maxMessageBytes,
    onEvent({ event, data, id }) {
      // The parser measures what it keeps between chunks; an event that comes whole in one is measured here.
      overflow ||= data.length > maxMessageBytes;
      if (overflow) return;
      if (id !== undefined) sink.id?.(id);
      if (data !== "") sink.event(data, event);
    },
    onRetry: (afterMs) => sink.retry?.(afterMs),
    onError(error) {
      if (error.type === "max-buffer-size-exceeded") overflow = true;
    },
  });
  let bytes = 0;
  await answered.body.drain((chunk) => {
    bytes += chunk.byteLength;
    if (bytes > maxStreamBytes) throw tooLarge("a stream", "maxStreamBytes", maxStreamBytes);
    parser.feed(decoder.decode(chunk, { stream: true }));
    if (overflow) throw tooLarge("an event", "maxMessageBytes", maxMessageBytes);
  });
}
