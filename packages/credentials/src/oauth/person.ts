import type { CredentialRequest, Principal, ServerId } from "@tenantry/core";

/** Who asks for a credential, and for which server; only a user has a grant. */
export function personOf({ scope, server }: CredentialRequest): {
  readonly principal: Principal;
  readonly server: ServerId;
} {
  if (scope.share !== "user") throw new TypeError("Only a user has a grant.");
  const { share: _share, ...principal } = scope;
  return { principal, server: server.id };
}

/** Names a person at a server, whatever the session; it is one for each, whatever the ids hold. */
export function personName(
  { workspace, user }: Pick<Principal, "workspace" | "user">,
  server: ServerId,
): string {
  return JSON.stringify([workspace, user, server]);
}
