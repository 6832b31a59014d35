import type { Scope, ServerRef, Target, WorkspaceId } from "@tenantry/core";

declare const key: unique symbol;

/** Names one connection: whom it serves, which server it reaches and how, and whose authority it carries. */
export type PoolKey = string & { readonly [key]: "PoolKey" };

/**
 * Names whoever a call is made for: one user of one workspace, whatever the session, or those who share a scope without
 * a user.
 */
export type PrincipalKey = string & { readonly [key]: "PrincipalKey" };

/** The part of a target that decides what a call counts towards. */
export type Counted = Pick<Target, "scope" | "server">;

/** The key of the connection that serves `target` with a credential of `subject` (`undefined`: with none). */
export function poolKey({ scope, server }: Counted, subject: string | undefined): PoolKey {
  const session = scope.share === "user" ? scope.session : undefined;
  return keyOf(principalKey(scope), session, server.id, server.digest, subject) as PoolKey;
}

/** The key of whom a connection of this scope counts for. */
export function principalKey(scope: Scope): PrincipalKey {
  switch (scope.share) {
    case "user":
      return keyOf("user", scope.workspace, scope.user) as PrincipalKey;
    case "workspace":
    case "discovery":
      return keyOf(scope.share, scope.workspace) as PrincipalKey;
    case "everyone":
      return keyOf(scope.share) as PrincipalKey;
  }
}

/** One server definition in one workspace, so that no tenant uses up another's; `everyone` is in no workspace. */
export function serverKey(scope: Scope, { id, digest }: ServerRef): string {
  return keyOf(workspaceOf(scope), id, digest);
}

/** Where requests go, whoever sends them; a server without an origin is known by its {@link serverKey}. */
export function originKey(scope: Scope, server: ServerRef): string {
  return server.origin === undefined ? serverKey(scope, server) : keyOf(server.origin);
}

/** The workspace that a connection of this scope belongs to. */
export function workspaceOf(scope: Scope): WorkspaceId | undefined {
  return scope.share === "everyone" ? undefined : scope.workspace;
}

/**
 * One key of several parts. Each is written with its length before it, and an absent one like no present one, so that no
 * two different lists of parts have one spelling, whatever characters they hold; every key of the pool is made here.
 */
export function keyOf(...parts: readonly (string | undefined)[]): string {
  // Joined, which leaves one plain string; adding to one leaves a chain of its pieces too.
  return parts.map((part) => (part === undefined ? "-" : `${part.length}:${part}`)).join("");
}
