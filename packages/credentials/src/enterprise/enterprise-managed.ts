import { TenantryError, type CredentialDependencies } from "@tenantry/core";
import {
  checkClient,
  checkIssuerOptions,
  type IssuerOptions,
  type RegisteredClient,
} from "../oauth/options.ts";
import { requestTokens, tokensOf } from "../oauth/token-request.ts";
import { webUrl } from "../oauth/web-url.ts";
import { bindSource, checkSource, type ValueSource } from "../value-source.ts";
import { checkBearer } from "./bearer-only.ts";
import { SubjectProvider } from "./subject-provider.ts";
import { exchangeToken, tokenTypes } from "./token-exchange-request.ts";
import { authorizationHeader, type TokenSource } from "../oauth/token-source.ts";

/** The enterprise's identity provider. */
export interface IdentityProvider {
  /** Its issuer identifier; its metadata says where its token endpoint is. */
  readonly issuer: string;
  /** The host's client there: the one that users sign in to. */
  readonly client: RegisteredClient;
}

/** How the enterprise decides who may use a server. */
export interface EnterpriseManagedOptions extends IssuerOptions {
  readonly identityProvider: IdentityProvider;
  /** The ID token that the user signed in with, such as `fromContext("idToken")`. */
  readonly idToken: ValueSource;
  /** The host's client at the server's issuer. */
  readonly client: RegisteredClient;
}

/**
 * Gives each user a token that the enterprise's identity provider has allowed, without a page for the user (MCP extension
 * `enterprise-managed-authorization`, SEP-990): the ID token is exchanged for an identity assertion (ID-JAG, RFC 8693), and
 * that is given to the server's issuer for a token (RFC 7523, section 2.1). Throws `CONFIG_INVALID` or
 * `CREDENTIAL_INVALID` for options that cannot work.
 */
export function enterpriseManaged(options: EnterpriseManagedOptions): TokenSource {
  const { identityProvider, idToken } = options;
  const client = checkClient(options.client);
  const checked = checkIssuerOptions(options, options.client);
  if (typeof identityProvider?.issuer !== "string")
    throw new TenantryError(
      "CONFIG_INVALID",
      "enterpriseManaged() takes the identityProvider with its issuer.",
    );
  webUrl(identityProvider.issuer, "The issuer of the identityProvider");
  const clientThere = checkClient(identityProvider.client);
  checkSource(idToken, "enterpriseManaged()");
  return Object.freeze({
    slot: checked.slot,
    sets: authorizationHeader,
    serves: "users",
    bind: (dependencies: CredentialDependencies) =>
      new SubjectProvider({
        dependencies,
        options: checked,
        subjectToken: bindSource(idToken, dependencies, checked.slot),
        get: async ({ http, discovery, resource, issuer, scopes, subjectToken, signal }) => {
          const { token: assertion } = await exchangeToken(http, {
            issuer: await discovery.issuer(identityProvider.issuer, false, { signal }),
            client: clientThere,
            signal,
            subjectToken,
            subjectTokenType: tokenTypes.idToken,
            requestedTokenType: tokenTypes.idJag,
            audience: issuer.name,
            resource: resource.identifier,
            scopes,
          });
          const tokens = tokensOf(
            await requestTokens(http, {
              issuer,
              client,
              grantType: "urn:ietf:params:oauth:grant-type:jwt-bearer",
              parameters: {
                assertion: assertion.reveal(),
                resource: resource.identifier,
                ...(scopes.length > 0 && { scope: scopes.join(" ") }),
              },
              signal,
            }),
          );
          checkBearer(tokens.tokenType);
          return tokens;
        },
      }),
  });
}
