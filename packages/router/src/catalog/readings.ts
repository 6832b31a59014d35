import { SharedFlight, type Connection } from "@tenantry/core";
import type { Kind } from "./kind.ts";
import type { KnownList } from "./known-list.ts";

/** Reads a list; `hasChanged` tells whether its server has said meanwhile that it changes. */
type Read = (signal: AbortSignal, hasChanged: () => boolean) => Promise<KnownList>;

type Flight = SharedFlight<KnownList>;

/** What is being read, by the connection that it is read on: one reading serves all who wait for it there. */
export class Readings {
  readonly #current: Readonly<Record<Kind, WeakMap<Connection, Flight>>> = {
    tools: new WeakMap(),
    prompts: new WeakMap(),
    resources: new WeakMap(),
    resourceTemplates: new WeakMap(),
  };
  /** What was being read when its server said that it changes. */
  readonly #spoilt = new WeakSet<Flight>();

  /** Joins the reading that is under way; begins one where there is none. */
  join(connection: Connection, kind: Kind, signal: AbortSignal, read: Read): Promise<KnownList> {
    const current = this.#current[kind].get(connection);
    const reading =
      current === undefined || current.abandoned ? this.#begin(connection, kind, read) : current;
    return reading.join({ signal });
  }

  /** Whoever asks from now on is not given what was begun before. */
  changed(connection: Connection, kind: Kind): void {
    const reading = this.#current[kind].get(connection);
    if (reading === undefined) return;
    this.#spoilt.add(reading);
    this.#current[kind].delete(connection);
  }

  #begin(connection: Connection, kind: Kind, read: Read): Flight {
    const readings = this.#current[kind];
    const reading: Flight = new SharedFlight(async (signal) => {
      try {
        return await read(signal, () => this.#spoilt.has(reading));
      } finally {
        // An abandoned one may have a successor.
        if (readings.get(connection) === reading) readings.delete(connection);
      }
    });
    readings.set(connection, reading);
    return reading;
  }
}
