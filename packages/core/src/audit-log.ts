import type { UserId, WorkspaceId } from "./id.ts";
import type { JsonObject } from "./json.ts";
import type { Page, PageOptions } from "./store-slice.ts";

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
