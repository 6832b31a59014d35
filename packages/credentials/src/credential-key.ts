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

/** A user's key that is asked for at every call, and so is spelled once. */
export class SpelledKey implements CredentialKey {
  readonly workspace: WorkspaceId;
  readonly user: UserId;
  readonly server: ServerId;
  readonly slot: string;
  readonly spelled: string;

  constructor({ workspace, user, server, slot }: Required<CredentialKey>) {
    this.workspace = workspace;
    this.user = user;
    this.server = server;
    this.slot = slot;
    this.spelled = spell({ workspace, user, server, slot });
    Object.freeze(this);
  }
}

/** The key alone, without whatever else the caller's object has: it names a row. */
export function plainKey({ workspace, user, server, slot }: CredentialKey): CredentialKey {
  return Object.freeze({ workspace, ...(user !== undefined && { user }), server, slot });
}
