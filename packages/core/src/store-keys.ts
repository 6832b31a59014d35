import type { ApprovalKind } from "./approval.ts";
import type { ServerId, SessionId, UserId, WorkspaceId } from "./id.ts";

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
