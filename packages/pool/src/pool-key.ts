import type { Scope, Target } from "@tenantry/core";

declare const key: unique symbol;

/** Names one connection: whom it serves, which server it reaches and how, and whose authority it carries. */
export type PoolKey = string & { readonly [key]: "PoolKey" };

/** Names whoever a call is made for: one user of one workspace, or those who share a scope without a user. */
export type PrincipalKey = string & { readonly [key]: "PrincipalKey" };

/**
 * The key of the connection that serves `target` with a credential of `subject` (`undefined`: with none).
 * Every part is written with its length before it, so that no two different lists of parts have one spelling, whatever
 * characters they hold; this is the only place where a key is made.
 */
export function poolKey({ scope, server }: Target, subject: string | undefined): PoolKey {
  const session = scope.share === "user" ? scope.session : undefined;
  // Joined, which leaves one plain string; a template leaves a chain of its parts too.
  return [principalKey(scope), part(session), part(server.id), part(server.digest), part(subject)].join(
    "",
  ) as PoolKey;
}

/** The key of whom a connection of this scope counts for. */
export function principalKey(scope: Scope): PrincipalKey {
  switch (scope.share) {
    case "user":
      return `u${part(scope.workspace)}${part(scope.user)}` as PrincipalKey;
    case "workspace":
      return `w${part(scope.workspace)}` as PrincipalKey;
    case "discovery":
      return `d${part(scope.workspace)}` as PrincipalKey;
    case "everyone":
      return "e" as PrincipalKey;
  }
}

/** An absent part is spelt like no present one. */
function part(text: string | undefined): string {
  return text === undefined ? "-" : `${text.length}:${text}`;
}
