import type { CredentialEvent, CredentialProvider } from "@tenantry/core";
import type { Pool, Selection } from "@tenantry/pool";

/** What an instance has to end for its providers: first what they have still to keep, and last whoever hears them. */
export interface FollowedCredentials {
  readonly withdrawals: readonly Disposable[];
  readonly keepers: readonly AsyncDisposable[];
}

/** Has connections end with what they carry. */
export function followCredentials(
  providers: readonly CredentialProvider[],
  pool: Pick<Pool<never>, "retire" | "revoke">,
): FollowedCredentials {
  // A provider may wait until nothing carries a credential any more, and then have its issuer end it. Calls that carry one
  // in whose place there is another one go on: they have deadlines of their own.
  const end = (event: CredentialEvent) =>
    event.kind === "replaced" ? pool.retire(selectionOf(event)) : pool.revoke(selectionOf(event));
  return {
    withdrawals: providers.flatMap(
      (provider) => provider.watch?.((event) => end(event).catch(() => {})) ?? [],
    ),
    // What a provider has still to keep, it keeps before its store ends.
    keepers: providers.map((provider) => ({ [Symbol.asyncDispose]: async () => provider.close?.() })),
  };
}

/** The connections that end with a credential. */
function selectionOf({ scope, server, subject }: CredentialEvent): Selection {
  return {
    ...("workspace" in scope && { workspace: scope.workspace }),
    ...("user" in scope && { user: scope.user }),
    server,
    ...(subject !== undefined && { subject }),
  };
}
