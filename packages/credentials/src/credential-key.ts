import type { CredentialKey, ServerId, UserId, WorkspaceId } from "@tenantry/core";

/** One spelling for each credential's key: the lengths come first, so that no two keys share one, whatever they hold. */
export function spell(key: CredentialKey): string {
  if (key instanceof SpelledKey) return key.spelled;
  const { workspace, user, server, slot } = key;
  const lengths = `${workspace.length}:${user?.length ?? "-"}:${server.length}:`;
  return user === undefined
    ? `${lengths}${workspace}${server}${slot}`
    : `${lengths}${workspace}${user}${server}${slot}`;
}

/** A key that is asked for at every call, and so is spelled once. */
export class SpelledKey implements CredentialKey {
  readonly workspace: WorkspaceId;
  declare readonly user?: UserId;
  readonly server: ServerId;
  readonly slot: string;
  /** No property, because whatever a key has names a row. */
  readonly #spelled: string;

  constructor(key: CredentialKey) {
    this.workspace = key.workspace;
    // Absent and undefined are not the same to a store.
    if (key.user !== undefined) this.user = key.user;
    this.server = key.server;
    this.slot = key.slot;
    this.#spelled = spell(key);
    Object.freeze(this);
  }

  get spelled(): string {
    return this.#spelled;
  }
}

/** The key alone, without whatever else the caller's object has: it names a row. */
export function plainKey(key: CredentialKey): CredentialKey {
  if (key instanceof SpelledKey) return key;
  const { workspace, user, server, slot } = key;
  return Object.freeze({ workspace, ...(user !== undefined && { user }), server, slot });
}
