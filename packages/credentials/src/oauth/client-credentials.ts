import { TenantryError, type CredentialDependencies } from "@tenantry/core";
import { ClientProvider } from "./client-provider.ts";
import { checkClient, checkIssuerOptions, type IssuerOptions, type RegisteredClient } from "./options.ts";
import { authorizationHeader, type TokenSource } from "./token-source.ts";

/** How a host gets tokens of its own. */
export interface ClientCredentialsOptions extends IssuerOptions, RegisteredClient {}

/**
 * Gives everybody the same token: the host's own, got with its secret or private key and for no user (RFC 6749, section 4.4;
 * MCP extension `oauth-client-credentials`). It is kept in memory and asked for once, so it also serves connections with
 * `share: "workspace"` or `"everyone"`. Throws `CONFIG_INVALID` for options that cannot work, without showing a secret.
 */
export function clientCredentials(options: ClientCredentialsOptions): TokenSource {
  const client = checkClient(options);
  if (client.secret === undefined && client.privateKey === undefined)
    throw new TenantryError(
      "CONFIG_INVALID",
      "clientCredentials() takes a client with a secret or a private key.",
    );
  const checked = checkIssuerOptions(options, options);
  const show = () => ({ grantType: "client_credentials", parameters: {} });
  return Object.freeze({
    slot: checked.slot,
    sets: authorizationHeader,
    serves: "anybody",
    bind: (dependencies: CredentialDependencies) =>
      new ClientProvider({ dependencies, client, options: checked, show }),
  });
}
