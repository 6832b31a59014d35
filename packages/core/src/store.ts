import type { AuditLog } from "./audit-log.ts";
import type { UserId, WorkspaceId } from "./id.ts";
import type { Counters, Leases } from "./store-coordination.ts";
import type {
  ApprovalKey,
  CatalogKey,
  ClientKey,
  CredentialKey,
  FlowKey,
  ListKey,
  ParkedKey,
  ServerKey,
  VerdictKey,
  WorkspaceKey,
} from "./store-keys.ts";
import type { Slice, TenantSlice } from "./store-slice.ts";

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
