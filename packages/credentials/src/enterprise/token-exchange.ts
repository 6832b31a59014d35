import type { CredentialDependencies } from "@tenantry/core";
import {
  checkClient,
  checkIssuerOptions,
  requireIssuer,
  type IssuerOptions,
  type RegisteredClient,
} from "../oauth/options.ts";
import { bindSource, checkSource, type ValueSource } from "../value-source.ts";
import { checkBearer } from "./bearer-only.ts";
import { SubjectProvider } from "./subject-provider.ts";
import { exchangeToken, tokenTypes } from "./token-exchange-request.ts";
import { authorizationHeader, type TokenSource } from "../oauth/token-source.ts";

/** How a user's own token is exchanged. */
export interface TokenExchangeOptions extends IssuerOptions {
  /** The only issuer that is shown it, exactly as the server's metadata names it. */
  readonly issuer: string;
  /** The host's client at the issuer. */
  readonly client: RegisteredClient;
  /** The token that the user has, such as `fromContext("accessToken")`. */
  readonly subjectToken: ValueSource;
  /** What kind of token that is (RFC 8693, section 3). Defaults to an access token. */
  readonly subjectTokenType?: string;
}

/**
 * Gives each user a token that the server's issuer exchanges for one that the user has already (RFC 8693): on behalf of the
 * user, and for this server alone. Throws `CONFIG_INVALID` or `CREDENTIAL_INVALID` for options that cannot work.
 */
export function tokenExchange(options: TokenExchangeOptions): TokenSource {
  const { client: given, subjectToken, subjectTokenType = tokenTypes.accessToken } = options;
  const client = checkClient(given);
  const checked = checkIssuerOptions(options, given);
  requireIssuer(checked, "tokenExchange()", "a user's own token");
  checkSource(subjectToken, "tokenExchange()");
  return Object.freeze({
    slot: checked.slot,
    sets: authorizationHeader,
    serves: "users",
    bind: (dependencies: CredentialDependencies) =>
      new SubjectProvider({
        dependencies,
        options: checked,
        subjectToken: bindSource(subjectToken, dependencies, checked.slot),
        get: async ({ http, resource, issuer, scopes, subjectToken: token, signal }) => {
          const exchanged = await exchangeToken(http, {
            issuer,
            client,
            signal,
            subjectToken: token,
            subjectTokenType,
            requestedTokenType: tokenTypes.accessToken,
            resource: resource.identifier,
            scopes,
          });
          checkBearer(exchanged.tokenType);
          return { ...exchanged, accessToken: exchanged.token };
        },
      }),
  });
}
