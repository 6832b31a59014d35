import type { Scope } from "@tenantry/core";
import { principalKey } from "../keys.ts";
import { Tally } from "./tally.ts";

/**
 * Counts by whom a scope is for, whatever the session. There may be very many users, each counted once: their names, which
 * their scopes keep anyway, are the keys within their workspace.
 */
export class UserTally {
  readonly #workspaces = new Map<string, Tally>();
  /** Those of scopes without a user. */
  readonly #shared = new Tally();

  of(scope: Scope): number {
    if (scope.share !== "user") return this.#shared.of(principalKey(scope));
    return this.#workspaces.get(scope.workspace)?.of(scope.user) ?? 0;
  }

  add(scope: Scope, count: number): void {
    if (scope.share !== "user") return this.#shared.add(principalKey(scope), count);
    const { workspace, user } = scope;
    const users = this.#workspaces.get(workspace) ?? new Tally();
    this.#workspaces.set(workspace, users);
    users.add(user, count);
    if (users.size === 0) this.#workspaces.delete(workspace);
  }
}
