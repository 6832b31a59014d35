import type { Clock, StoreChange, TenantryError } from "@tenantry/core";
import type { Kysely, QueryExecutorProvider, RawBuilder } from "kysely";
import type { ChangedRow } from "../watchers.ts";

/** What runs a query: a database, or a transaction of it. */
export type Db = QueryExecutorProvider;

/** What a failure of the driver means. */
export interface Failure {
  readonly error: TenantryError;
  /** Whether what is open may be broken, so that the next call opens the database anew. */
  readonly reopen: boolean;
  /** Whether a commit that failed so may have been done all the same. */
  readonly unsure: boolean;
}

/** What differs between the SQL databases. */
export interface Backend {
  /** What pauses are measured with. */
  readonly clock: Clock;
  /** The type of a text column that is compared by code point. */
  readonly text: RawBuilder<unknown>;
  /** The type of a whole number of up to 53 bits. */
  readonly integer: RawBuilder<unknown>;
  /** The type of a primary key that grows with each row and is never used twice. */
  readonly serial: RawBuilder<unknown>;
  /** Leaves out the rows that another transaction has locked. */
  readonly skipLocked: RawBuilder<unknown>;
  /** Makes a row stay as it is until the transaction ends. */
  readonly shareLock: RawBuilder<unknown>;
  /** The time by the clock of the database, in milliseconds since the Unix epoch. */
  now(): RawBuilder<number>;
  /** Connects, or opens the file, to see that it can be used. */
  open(): Promise<Kysely<unknown>>;
  /** Waits until no other process changes the schema, for as long as the transaction lasts. */
  lockSchema(db: Db): Promise<void>;
  /** Tells other processes of changes, once the transaction is done; does nothing where they cannot be told. */
  publish(db: Db, changes: readonly ChangedRow[] | "resync"): Promise<void>;
  /** Runs work, again where another process was in the way, for as long as the backend is patient. */
  attempt<T>(work: () => Promise<T>): Promise<T>;
  failureOf(error: unknown): Failure;
  watch(listener: (change: StoreChange) => void): Disposable;
  /** Tells those in this process of changes that are done. */
  tell(changes: readonly ChangedRow[] | "resync"): void;
  /** Ends the watching. */
  close(): Promise<void>;
}
