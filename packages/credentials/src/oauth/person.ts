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
