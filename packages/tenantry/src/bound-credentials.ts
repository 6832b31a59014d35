import {
  type CredentialDependencies,
  type CredentialEvent,
  type CredentialProvider,
  type CredentialSource,
} from "@tenantry/core";
import { combine } from "@tenantry/credentials";
import type { OAuthProvider } from "@tenantry/credentials/oauth";
import type { Selection } from "@tenantry/pool";

/** A definition's credentials after they were bound. */
export interface BoundCredentials {
  readonly provider: CredentialProvider;
  /** Every provider in it, those of a list one by one. */
  readonly parts: readonly CredentialProvider[];
}

/** Binds what a definition's `credential` says; throws as its sources do. */
export function bindCredentials(
  credential: CredentialSource | readonly CredentialSource[],
  dependencies: CredentialDependencies,
): BoundCredentials {
  const parts: CredentialProvider[] = [];
  const noting = (source: CredentialSource): CredentialSource => ({
    ...source,
    bind(given) {
      const provider = source.bind(given);
      parts.push(provider);
      return provider;
    },
  });
  const source = "bind" in credential ? noting(credential) : combine(credential.map(noting));
  const provider = source.bind(dependencies);
  return Object.freeze({ provider, parts: Object.freeze(parts) });
}

/** Whether people grant a provider's credentials in a browser. */
export function isOAuth(provider: CredentialProvider): provider is OAuthProvider {
  return "finishAuthorization" in provider;
}

/** Tells of the connections that have to end with a credential, until it is disposed of. */
export function watchCredentials(
  { parts }: BoundCredentials,
  listener: (ended: Selection) => void,
): readonly Disposable[] {
  // Several that are sent together have one subject, which no part knows.
  const isWhole = parts.length === 1;
  const heard = ({ scope, server, subject }: CredentialEvent) =>
    listener({
      ...("workspace" in scope && { workspace: scope.workspace }),
      ...("user" in scope && { user: scope.user }),
      server,
      ...(isWhole && subject !== undefined && { subject }),
    });
  return parts.flatMap((part) => part.watch?.(heard) ?? []);
}
