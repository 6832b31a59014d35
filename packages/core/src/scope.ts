import { sessionId, userId, workspaceId, type SessionId, type UserId, type WorkspaceId } from "./id.ts";

/** On whose behalf something happens: one user of one workspace, in one conversation where `session` is given. */
export interface Principal {
  readonly workspace: WorkspaceId;
  readonly user: UserId;
  /** Separates two conversations of one user on servers that keep state. */
  readonly session?: SessionId;
}

/** Who may use one connection: its own user (the default), everybody in the workspace, or everybody. */
export type Share = "user" | "workspace" | "everyone";

/**
 * Whom a connection serves. Only the `user` scope names a user, so only it can carry a user's credential.
 * `discovery` lists what a server offers before there is a user; its connection is closed after that use.
 */
export type Scope =
  | {
      readonly share: "user";
      readonly workspace: WorkspaceId;
      readonly user: UserId;
      readonly session?: SessionId;
    }
  | { readonly share: "workspace"; readonly workspace: WorkspaceId }
  | { readonly share: "everyone" }
  | { readonly share: "discovery"; readonly workspace: WorkspaceId };

/** Checks a principal's parts and freezes them; throws `PRINCIPAL_INVALID` where one is missing or malformed. */
export function principalOf(parts: {
  readonly workspace: unknown;
  readonly user: unknown;
  readonly session?: unknown;
}): Principal {
  const workspace = workspaceId(parts.workspace);
  const user = userId(parts.user);
  if (parts.session === undefined) return Object.freeze({ workspace, user });
  return Object.freeze({ workspace, user, session: sessionId(parts.session) });
}

/** The scope in which a principal uses a server that is shared as `share` says. */
export function scopeOf(principal: Principal, share: Share): Scope {
  switch (share) {
    case "user":
      return Object.freeze({ share, ...principal });
    case "workspace":
      return Object.freeze({ share, workspace: principal.workspace });
    case "everyone":
      return Object.freeze({ share });
  }
}

/** A scope as a list of strings, equal for equal scopes and different for different ones, whatever the ids hold. */
export function scopeParts(scope: Scope): readonly string[] {
  switch (scope.share) {
    case "user":
      return [
        scope.share,
        scope.workspace,
        scope.user,
        ...(scope.session === undefined ? [] : [scope.session]),
      ];
    case "workspace":
    case "discovery":
      return [scope.share, scope.workspace];
    case "everyone":
      return [scope.share];
  }
}
