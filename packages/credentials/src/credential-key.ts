import type { CredentialKey } from "@tenantry/core";

/** One spelling for each credential's key: the lengths come first, so that no two keys share one, whatever they hold. */
export function spell({ workspace, user, server, slot }: CredentialKey): string {
  const lengths = `${workspace.length}:${user?.length ?? "-"}:${server.length}:`;
  return user === undefined
    ? `${lengths}${workspace}${server}${slot}`
    : `${lengths}${workspace}${user}${server}${slot}`;
}

/** The key alone, without whatever else the caller's object has: it names a row. */
export function plainKey({ workspace, user, server, slot }: CredentialKey): CredentialKey {
  return Object.freeze({ workspace, ...(user !== undefined && { user }), server, slot });
}
