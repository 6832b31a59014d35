import type { ApprovalKind } from "./approval.ts";
import type { ServerId, SessionId, UserId, WorkspaceId } from "./id.ts";
import type { Json, JsonObject } from "./json.ts";

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

/** A workspace. */
export interface WorkspaceKey {
  readonly workspace: WorkspaceId;
}

/** A server's definition in one workspace. */
export interface ServerKey {
  readonly workspace: WorkspaceId;
  readonly server: ServerId;
}

/** What one server accepts from one user, or without `user` from everybody in the workspace. */
export interface CredentialKey {
  readonly workspace: WorkspaceId;
  readonly user?: UserId;
  readonly server: ServerId;
  /** Which of the server's credentials it is. */
  readonly slot: string;
}

/** A session of a legacy server that is parked, so that another process can resume it. */
export interface ParkedKey {
  readonly workspace: WorkspaceId;
  readonly user?: UserId;
  readonly session?: SessionId;
  readonly server: ServerId;
  /** The digest of the definition under which it was opened. */
  readonly digest: string;
}

/** An OAuth client's registration: it is valid at its issuer only, and for one address of return. */
export interface ClientKey {
  readonly issuer: string;
  readonly callbackUrl: string;
}

/** A person's authorization under way, by a digest of its `state`: who reads the store cannot finish it. */
export interface FlowKey {
  readonly workspace: WorkspaceId;
  readonly user: UserId;
  readonly state: string;
  readonly server: ServerId;
}

/** Which protocol era a server speaks; it is the server's, and no tenant's. */
export interface VerdictKey {
  readonly url: string;
}

/** What is approved of one server in one workspace. */
export interface ApprovalKey {
  readonly workspace: WorkspaceId;
  readonly server: ServerId;
  readonly kind: ApprovalKind;
  /** The server's own name of a tool or a prompt; empty for what the server has once. */
  readonly name: string;
}

/**
 * What one authorization context was told of a server's lists: whose scope, which server, and by a digest, how it is reached
 * and whose authority the credential carries. Without `user` it is what a scope is told that names no user.
 */
export interface CatalogKey {
  readonly workspace: WorkspaceId;
  readonly user?: UserId;
  readonly session?: SessionId;
  readonly server: ServerId;
  readonly context: string;
}

/** The content of a list, by its digest: those who were told the same have one row of it. */
export interface ListKey {
  readonly workspace: WorkspaceId;
  readonly hash: string;
}

/** The time for which one holder has a name to itself. */
export interface StoreLease {
  readonly name: string;
  /** Higher for every later holder of the name, so that a write of an earlier one can be told apart. */
  readonly fence: number;
  /** When it ends unless it is renewed, by the store's clock, in milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

/**
 * Names that one holder at a time has, in all processes that use the store. The store's own clock decides; where it is
 * set back by more than ten seconds, the younger ones of the leases have ended.
 */
export interface Leases {
  /** Gives the lease, or `undefined` while somebody holds it; `ttlMs` is at most a day. */
  acquire(name: string, options: { readonly ttlMs: number }): Promise<StoreLease | undefined>;
  /** Makes the lease last from now, with the same fence; rejects with `STORE_CONFLICT` where it has ended. */
  renew(lease: StoreLease, options: { readonly ttlMs: number }): Promise<StoreLease>;
  /** Ends the lease early; does nothing where it has ended. */
  release(lease: StoreLease): Promise<void>;
}

/** How often something has happened in a time that began with the first of it. */
export interface Counter {
  readonly points: number;
  /** When it ends and the next one begins at nothing, by the store's clock, in milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

/**
 * Numbers that all processes that use the store add to, for as long as each lasts. The store's own clock decides; where it
 * is set back by more than ten seconds, the younger ones have ended. Nobody is told of changes.
 */
export interface Counters {
  /**
   * Adds `points`, a whole number from 1 to 1,000,000, at once for everybody, and gives what they come to. Where there is
   * no counter or it has ended, one begins that lasts `ttlMs`, which is at most a day.
   */
  add(name: string, points: number, options: { readonly ttlMs: number }): Promise<Counter>;
  get(name: string): Promise<Counter | undefined>;
  /** Ends the counter; does nothing where there is none. */
  reset(name: string): Promise<void>;
}

/** Something that happened, for whoever has to account for it; it never holds a secret. */
export interface AuditEntry {
  readonly workspace: WorkspaceId;
  readonly user?: UserId;
  /** When, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** What happened, such as `credential.connected`. */
  readonly action: string;
  readonly detail: JsonObject;
}

/** Entries in the order in which they were written; none is ever changed. */
export interface AuditLog {
  append(entry: AuditEntry): Promise<void>;
  list(
    within: { readonly workspace: WorkspaceId; readonly user?: UserId },
    options?: PageOptions,
  ): Promise<Page<AuditEntry>>;
}

/** The slices that hold rows, by name. */
export interface StoreSlices {
  readonly workspaces: TenantSlice<WorkspaceKey>;
  readonly servers: TenantSlice<ServerKey>;
  readonly credentials: TenantSlice<CredentialKey>;
  readonly parked: TenantSlice<ParkedKey>;
  readonly clients: Slice<ClientKey>;
  readonly flows: TenantSlice<FlowKey>;
  readonly verdicts: Slice<VerdictKey>;
  readonly approvals: TenantSlice<ApprovalKey>;
  readonly catalogs: TenantSlice<CatalogKey>;
  readonly lists: TenantSlice<ListKey>;
}

/** What a watcher is told: that a row was written or deleted, or that some may have been unnoticed. */
export type StoreChange =
  | {
      [S in keyof StoreSlices]: {
        readonly kind: "changed";
        readonly slice: S;
        readonly key: StoreSlices[S] extends Slice<infer K> ? K : never;
      };
    }[keyof StoreSlices]
  | { readonly kind: "resync" };

/** One person's rows: in one workspace, or in every one where the same name means the same person. */
export type Person =
  | { readonly user: UserId; readonly workspace: WorkspaceId }
  | { readonly user: UserId; readonly everyWorkspace: true };

/** Everything that an instance can keep. A package takes the slices that it needs: `Pick<Store, "credentials" | "leases">`. */
export interface Store extends StoreSlices, AsyncDisposable {
  readonly leases: Leases;
  readonly counters: Counters;
  readonly audit: AuditLog;
  /** Deletes every row of a person but the audit's, and says how many that were. */
  erase(person: Person): Promise<number>;
  /**
   * Tells of changes by this store object and, where the backend can, by every other one, each at least once, until it is
   * disposed of. `resync` says that what is kept in memory may be old: whenever the store begins to hear of others, the
   * first time included, and after more rows were deleted at once than are told one by one.
   */
  watch(listener: (change: StoreChange) => void): Disposable;
  /** Ends what is open; gives the same promise every time. Calls after it reject with `CLOSED`. */
  close(): Promise<void>;
}
