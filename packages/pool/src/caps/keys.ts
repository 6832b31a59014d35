import { scopeParts, type Scope, type ServerRef, type Target, type WorkspaceId } from "@tenantry/core";

/** The part of a target that decides which bounds it counts towards. */
export type Counted = Pick<Target, "scope" | "server">;

/**
 * Whose turn it is: a user's, whatever the session or server, or that of a scope without a user. JSON keeps the parts
 * of all these keys apart whatever characters they hold.
 */
export function turnKey(scope: Scope): string {
  return JSON.stringify(
    scope.share === "user" ? [scope.share, scope.workspace, scope.user] : scopeParts(scope),
  );
}

/** One server definition in one workspace, so that no tenant uses up another's; `everyone` is in no workspace. */
export function serverKey(scope: Scope, { id, digest }: ServerRef): string {
  return JSON.stringify([workspaceOf(scope) ?? null, id, digest]);
}

/** Where requests go, whoever sends them; a server without an origin is known by its {@link serverKey}. */
export function originKey(scope: Scope, server: ServerRef): string {
  return server.origin === undefined ? serverKey(scope, server) : JSON.stringify([server.origin]);
}

/** The workspace that a connection of this scope counts towards. */
export function workspaceOf(scope: Scope): WorkspaceId | undefined {
  return scope.share === "everyone" ? undefined : scope.workspace;
}
