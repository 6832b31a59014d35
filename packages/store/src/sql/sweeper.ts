import { sql } from "kysely";
import { shapes, type SliceShape } from "../slice-shape.ts";
import type { Backend } from "./backend.ts";
import type { Connection } from "./connection.ts";
import { forgetCounters } from "./counter-queries.ts";
import { forgetLeases } from "./lease-queries.ts";
import { deleteSome } from "./row-queries.ts";

/** A sweep follows every so many writes … */
const writesPerSweep = 64;
/** … and deletes up to so many rows of each slice, which is more than can have been added since the last one. */
const sweptAtOnce = 256;

/** Deletes what has expired, a part at a time, along with the writes; there is no timer. */
export class Sweeper {
  readonly #connection: Connection;
  readonly #backend: Backend;
  #writes = 0;

  constructor(connection: Connection, backend: Backend) {
    this.#connection = connection;
    this.#backend = backend;
  }

  /** The write is done, so that a sweep that fails is none of its caller's business: the next one does its work. */
  async afterWrite(): Promise<void> {
    if (++this.#writes % writesPerSweep !== 0) return;
    try {
      for (const shape of Object.values(shapes)) await this.#sweep(shape);
      await this.#connection.write((tx) => forgetLeases(tx, sweptAtOnce, this.#backend));
      await this.#connection.write((tx) => forgetCounters(tx, sweptAtOnce, this.#backend));
    } catch {
      // See above.
    }
  }

  /** Expired rows are absent already, so nobody is told. */
  async #sweep(shape: SliceShape): Promise<void> {
    const { skipLocked } = this.#backend;
    const now = this.#backend.now();
    const { rows } = await this.#connection.read((db) =>
      sql`select 1 from ${sql.table(shape.table)} where expires_at <= (select ${now}) limit 1`.execute(db),
    );
    if (rows.length === 0) return;
    const expired = sql`expires_at <= (select ${now})`;
    await this.#connection.write((tx) => deleteSome(tx, shape, expired, sweptAtOnce, now, skipLocked));
  }
}
