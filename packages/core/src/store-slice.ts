import type { WorkspaceId } from "./id.ts";
import type { Json } from "./json.ts";
import type { StoreLease } from "./store-coordination.ts";

/** Names one state of a row; every write gives another one, and none is ever given twice. */
export type Version = string;

/** A row as it was when it was read. */
export interface Row<V = Json> {
  readonly value: V;
  readonly version: Version;
  /** When it ends by itself, in milliseconds since the Unix epoch; absent: never. */
  readonly expiresAt?: number;
}

/** A row with its key. */
export interface KeyedRow<K, V = Json> extends Row<V> {
  readonly key: K;
}

/** How a call is taken by a store that has much to do. */
export interface UrgentOptions {
  /**
   * Whether it goes ahead of the calls that wait and is not refused because of them; defaults to `false`. It is for what
   * ends work under a lease, and is lost otherwise.
   */
  readonly urgent?: boolean | undefined;
}

/** How a row is written. */
export interface PutOptions extends UrgentOptions {
  /** The version that the row must still have; `null`: there must be none. */
  readonly ifVersion: Version | null;
  /**
   * When the row ends by itself by the store's clock, in whole milliseconds since the Unix epoch; from then on there is
   * none. Defaults to never.
   */
  readonly expiresAt?: number | undefined;
  /** Refuses the write where this lease has ended or somebody has taken it since. */
  readonly lease?: StoreLease | undefined;
}

/** Where a list goes on, as an earlier page of it said. */
export type Cursor = string;

/** How much of a list is given at once. A cursor of another list is `ARGUMENT_INVALID`. */
export interface PageOptions {
  readonly after?: Cursor | undefined;
  /** At most so many rows; defaults to 100, and more than 1,000 are never given. Large rows make a page shorter. */
  readonly limit?: number | undefined;
}

/** A part of a list, in the order of the keys' code points, absent parts first; `next` is absent on the last. */
export interface Page<R> {
  readonly rows: readonly R[];
  readonly next?: Cursor;
}

/** A part of a list of rows. */
export interface RowPage<K, V = Json> extends Page<KeyedRow<K, V>> {
  /** The keys of rows in it that hold no JSON; absent where there are none. Each can be deleted or written over. */
  readonly broken?: readonly K[];
}

/**
 * Rows of one kind, each a JSON value that the store does not look into. Every method rejects with `STORE_UNAVAILABLE`
 * where the store cannot be reached or written to (with `delivery: "unknown"` where a write may have been done all the
 * same), with `STORE_INVALID` where what it holds cannot be read, and with `ARGUMENT_INVALID` before anything is sent
 * where a key or a value is one that no store takes. A part of a key that is there and `undefined` is such a one: it would
 * stand for everybody where somebody was meant.
 */
export interface Slice<K, V = Json> {
  get(key: K, options?: UrgentOptions): Promise<Row<V> | undefined>;
  /** Gives the version without the value, which need not be readable, so that such a row can be written over. */
  version(key: K): Promise<Version | undefined>;
  /** Writes the row and gives its new version; rejects with `STORE_CONFLICT` where a condition of `options` does not hold. */
  put(key: K, value: V, options: PutOptions): Promise<Version>;
  /** Deletes the row, if there is one; rejects with `STORE_CONFLICT` where it has another version than `ifVersion`. */
  delete(key: K, options?: { readonly ifVersion?: Version | undefined }): Promise<void>;
  /** Gives the rows of all tenants, for a job that goes over each: re-encryption, a migration. */
  scan(options?: PageOptions): Promise<RowPage<K, V>>;
}

/** The part of a tenant's key that selects rows: always the workspace, and whichever others are given. */
export type Within<K extends { readonly workspace: WorkspaceId }> = Pick<K, "workspace"> &
  Partial<Omit<K, "workspace">>;

/** Rows that belong to a workspace: no query can be written without it. */
export interface TenantSlice<K extends { readonly workspace: WorkspaceId }, V = Json> extends Slice<K, V> {
  list(within: Within<K>, options?: PageOptions): Promise<RowPage<K, V>>;
  /** Deletes what is selected and says how many rows that were. */
  clear(within: Within<K>): Promise<number>;
}
