import { scopeParts, type Scope, type Target } from "@tenantry/core";

declare const key: unique symbol;

/** Names one connection: whom it serves, which server it reaches and how, and whose authority it carries. */
export type PoolKey = string & { readonly [key]: "PoolKey" };

/** Names one user of one workspace. */
export type UserKey = string & { readonly [key]: "UserKey" };

/**
 * The key of the connection that serves `target` with a credential of `subject` (`undefined`: with none).
 * JSON keeps the parts apart whatever characters they hold, and the scope, whose length varies, is a list of its own.
 */
export function poolKey({ scope, server }: Target, subject: string | undefined): PoolKey {
  return JSON.stringify([scopeParts(scope), server.id, server.digest, subject ?? null]) as PoolKey;
}

/** The user whose cap a connection of this scope counts towards; a scope without a user has none. */
export function userKey(scope: Scope): UserKey | undefined {
  return scope.share === "user" ? (JSON.stringify([scope.workspace, scope.user]) as UserKey) : undefined;
}
