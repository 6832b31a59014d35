import { TenantryError, type AbortableOptions } from "@tenantry/core";
import type { Place } from "./place.ts";
import type { ReceivedBody } from "./response-body.ts";

/** The methods that leave this process. */
export type ExchangeMethod = "GET" | "POST" | "DELETE";

/** One request to one place, checked and complete. */
export interface Hop extends AbortableOptions {
  readonly place: Place;
  readonly method: ExchangeMethod;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: string | undefined;
  readonly maxResponseBytes: number;
  /** When the whole exchange must be over, in milliseconds since the Unix epoch, or `Infinity`. */
  readonly until: number;
}

/** What came back for one request; a redirect is an answer like any other here. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ReceivedBody;
}

/** Carries one request to one place and follows nothing. */
export interface Transport {
  /** Gives the answer as soon as its headers are there; throws a `TenantryError`, or the signal's reason. */
  send(hop: Hop): Promise<Answer>;
  stats(): { readonly sockets: number; readonly requests: number };
  /** Waits for what is in flight, ends it after the grace, and gives the same promise every time. */
  close(): Promise<void>;
}

/** What is thrown once the egress is closed. */
export function closedError(cause?: unknown, delivery: "unsent" | "unknown" = "unsent"): TenantryError {
  const details = cause === undefined ? { delivery } : { delivery, cause };
  return new TenantryError("CLOSED", "This instance is closed; create another one.", details);
}

/** What is thrown where a body is longer than it may be. */
export function tooLongError(maxBytes: number): TenantryError {
  const what = `The response is longer than ${maxBytes} bytes; raise maxResponseBytes if it may be.`;
  return new TenantryError("LIMIT_EXCEEDED", what, { delivery: "unknown" });
}
