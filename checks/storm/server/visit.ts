import type { IncomingMessage, ServerResponse } from "node:http";
import type { TokenHolder } from "../people.ts";
import type { Session } from "./sessions.ts";
import type { Weather } from "../weather.ts";

/** One request, whose it is, and what it meets. */
export interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly holder: TokenHolder;
  /** The session that it names, whatever has become of it. */
  readonly session: Session | undefined;
  readonly weather: Weather;
}

/** A header's value; `undefined` where it did not come. */
export function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}
