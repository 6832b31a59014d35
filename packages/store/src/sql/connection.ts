import { TenantryError, withDetails, type UrgentOptions } from "@tenantry/core";
import type { Kysely, Transaction } from "kysely";
import { closed } from "../failure.ts";
import type { Backend } from "./backend.ts";
import { migrate } from "./migrate.ts";
import { Turns } from "./turns.ts";

/** One database: opened by the first call that needs it, and anew by the first one after it was lost. */
export class Connection {
  readonly #backend: Backend;
  readonly #turns: Turns;
  /** Those that are under way, waiting ones included. */
  readonly #calls = new Set<Promise<unknown>>();
  #opened: Promise<Kysely<unknown>> | undefined;
  #closing: Promise<void> | undefined;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#turns = new Turns(backend.clock);
  }

  /** Runs queries that need not be done together. */
  read<T>(work: (db: Kysely<unknown>) => Promise<T>, options: UrgentOptions = {}): Promise<T> {
    return this.#call(work, options);
  }

  /** Runs queries that are done all or none. */
  write<T>(work: (tx: Transaction<unknown>) => Promise<T>, options: UrgentOptions = {}): Promise<T> {
    const progress = { isWorkDone: false };
    return this.#call(
      (db) =>
        db.transaction().execute(async (tx) => {
          progress.isWorkDone = false;
          const result = await work(tx);
          progress.isWorkDone = true;
          return result;
        }),
      options,
      progress,
    );
  }

  checkOpen(): void {
    if (this.#closing) throw closed();
  }

  /** Waits for the calls that are under way, which end within the time that the backend gives them. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await this.#backend.close();
    await Promise.allSettled(this.#calls);
    await this.#discard(this.#opened);
  }

  async #call<T>(
    work: (db: Kysely<unknown>) => Promise<T>,
    options: UrgentOptions,
    progress?: Progress,
  ): Promise<T> {
    this.checkOpen();
    const call = this.#runInTurn(() => this.#run(work, progress), options);
    this.#calls.add(call);
    try {
      return await call;
    } finally {
      this.#calls.delete(call);
    }
  }

  async #runInTurn<T>(run: () => Promise<T>, { urgent = false }: UrgentOptions): Promise<T> {
    await this.#turns.take(urgent);
    try {
      return await run();
    } finally {
      this.#turns.give();
    }
  }

  async #run<T>(work: (db: Kysely<unknown>) => Promise<T>, progress?: Progress): Promise<T> {
    const opened = (this.#opened ??= this.#open());
    try {
      const db = await opened;
      return await this.#backend.attempt(() => work(db));
    } catch (error) {
      // What is wrong with this code must not look like trouble with the database.
      if (error instanceof TenantryError || error instanceof TypeError) throw error;
      const { error: failure, reopen, unsure } = this.#backend.failureOf(error);
      if (reopen && this.#opened === opened) {
        this.#opened = undefined;
        await this.#discard(opened);
      }
      // What failed after the work was the commit, and a commit may be done though nobody heard of it.
      throw progress?.isWorkDone && unsure ? withDetails(failure, { delivery: "unknown" }) : failure;
    }
  }

  async #open(): Promise<Kysely<unknown>> {
    const opened = this.#backend.attempt(async () => {
      const db = await this.#backend.open();
      try {
        await migrate(db, this.#backend);
        return db;
      } catch (error) {
        await db.destroy();
        throw error;
      }
    });
    try {
      return await opened;
    } catch (error) {
      // Those who wait for this opening fail with it; the next call tries anew.
      this.#opened = undefined;
      throw error;
    }
  }

  /** What is broken already cannot fail in a way that matters. */
  async #discard(opened: Promise<Kysely<unknown>> | undefined): Promise<void> {
    try {
      await (await opened)?.destroy();
    } catch {
      // It is gone either way.
    }
  }
}

/** How far a write has come. */
interface Progress {
  isWorkDone: boolean;
}
