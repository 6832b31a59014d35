import { problem } from "./answers.ts";
import { authenticateClient } from "./client-authentication.ts";
import type { OAuthClient } from "./client.ts";
import { boundKey } from "./dpop.ts";
import { exchangeToken, redeemAssertion } from "./enterprise.ts";
import { grantTypes, type GrantType } from "./grant-types.ts";
import { actForItself, redeemCode, redeemRefreshToken } from "./grants.ts";
import type { Realm } from "./realm.ts";
import type { OAuthRequest } from "./recording.ts";

/** A token request whose client has proven who it is. */
export interface TokenRequest {
  readonly client: OAuthClient;
  readonly fields: Readonly<Record<string, string>>;
  /** The thumbprint of the key that the request proved to hold (RFC 9449). */
  readonly keyThumbprint: string | undefined;
}

/** The token endpoint (RFC 6749, section 3.2). */
export async function token(realm: Realm, request: OAuthRequest): Promise<Response> {
  if (request.method !== "POST") return problem("invalid_request", "Send a POST.", 405, { allow: "POST" });
  if (request.repeated.length > 0) return problem("invalid_request", "A parameter was sent more than once.");
  const client = await authenticateClient(realm, request);
  if (client instanceof Response) return client;
  const grantType = grantTypes.find((type) => type === request.grantType);
  if (grantType === undefined) return problem("unsupported_grant_type", "This grant type is not supported.");
  if (client.grant_types?.includes(grantType) === false)
    return problem("unauthorized_client", "The client is not registered for this grant type.");
  const keyThumbprint = await boundKey(realm, request);
  if (keyThumbprint instanceof Response) return keyThumbprint;
  return grants[grantType](realm, { client, fields: request.fields, keyThumbprint });
}

type Redeem = (realm: Realm, request: TokenRequest) => Response | Promise<Response>;

const grants: Readonly<Record<GrantType, Redeem>> = Object.freeze({
  authorization_code: redeemCode,
  refresh_token: redeemRefreshToken,
  client_credentials: actForItself,
  "urn:ietf:params:oauth:grant-type:token-exchange": exchangeToken,
  "urn:ietf:params:oauth:grant-type:jwt-bearer": redeemAssertion,
});
