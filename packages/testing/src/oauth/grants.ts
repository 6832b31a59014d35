import { problem } from "./answers.ts";
import { authenticationMethodOf } from "./client.ts";
import type { Grant, LedgerEntry } from "./ledger.ts";
import { scopesOf, sha256, type Realm } from "./realm.ts";
import type { TokenRequest } from "./token.ts";
import { giveTokens } from "./token-answer.ts";

/** Redeems a code, once; the second time revokes what the first one gave (RFC 6749, section 4.1.2). */
export async function redeemCode(realm: Realm, request: TokenRequest): Promise<Response> {
  const { ledger, codes } = realm;
  const { client, fields, keyThumbprint } = request;
  const code = ledger.find("code", fields["code"]);
  const asked = code === undefined ? undefined : codes.get(code.value);
  if (code === undefined || asked === undefined || code.clientId !== client.client_id)
    return problem("invalid_grant", "The code is not one of this client's.");
  if (ledger.use(code) > 1) {
    ledger.revoke(code.grant);
    return problem("invalid_grant", "The code was used before; what it gave is revoked.");
  }
  if (!ledger.holds(code)) return problem("invalid_grant", "The code has ended.");
  if (fields["redirect_uri"] !== undefined && fields["redirect_uri"] !== asked.redirectUri)
    return problem("invalid_grant", "The redirect URI is not the one that the code was asked for with.");
  if (sha256(fields["code_verifier"] ?? "") !== asked.fields["code_challenge"])
    return problem(
      "invalid_grant",
      "The code verifier does not fit the code challenge (RFC 7636, section 4.6).",
    );
  const resource = resourceFor(code, fields["resource"]);
  if (resource instanceof Response) return resource;
  return giveTokens(realm, code.grant, { ...code, resource, keyThumbprint }, { refresh: true });
}

/**
 * Redeems a refresh token. Where tokens rotate, one that was used before revokes its whole grant, unless that was
 * within the grace time (OAuth 2.1, section 4.3.1).
 */
export async function redeemRefreshToken(realm: Realm, request: TokenRequest): Promise<Response> {
  const { ledger, options } = realm;
  const { client, fields, keyThumbprint } = request;
  const { rotate = true } = options;
  const token = ledger.find("refresh_token", fields["refresh_token"]);
  if (token === undefined || token.clientId !== client.client_id)
    return problem("invalid_grant", "The refresh token is not one of this client's.");
  const scopes = fields["scope"] === undefined ? token.scopes : scopesOf(fields["scope"]);
  if (!scopes.every((scope) => token.scopes.includes(scope)))
    return problem("invalid_scope", "A refresh cannot ask for more than was granted.");
  const resource = resourceFor(token, fields["resource"]);
  if (resource instanceof Response) return resource;
  // A client with a secret or keys of its own is held to those, not to the key of a proof (RFC 9449, section 5).
  const bound = authenticationMethodOf(client) === "none" ? token.keyThumbprint : undefined;
  if (bound !== undefined && bound !== keyThumbprint)
    return problem("invalid_grant", "The refresh token is bound to another key.");
  const reused = ledger.use(token) > 1 && rotate && !isInGrace(realm, token);
  if (reused) ledger.revoke(token.grant);
  if (reused || !ledger.holds(token))
    return problem("invalid_grant", "The refresh token was used before, has ended or is revoked.");
  return giveTokens(realm, token.grant, { ...token, resource, keyThumbprint }, { refresh: rotate, scopes });
}

function isInGrace({ clock, options }: Realm, { firstUsedAt = 0 }: LedgerEntry): boolean {
  return clock.now() - firstUsedAt < (options.refreshGraceMs ?? 0);
}

/** Gives a client a token of its own (RFC 6749, section 4.4); one that cannot prove who it is gets none. */
export async function actForItself(realm: Realm, request: TokenRequest): Promise<Response> {
  const { client, fields, keyThumbprint } = request;
  if (authenticationMethodOf(client) === "none")
    return problem("unauthorized_client", "A client without a secret or keys cannot act for itself.");
  const grant: Grant = {
    subject: client.client_id,
    clientId: client.client_id,
    scopes: realm.grantScopes(scopesOf(fields["scope"]), client.client_id),
    resource: fields["resource"],
    keyThumbprint,
  };
  return giveTokens(realm, realm.ledger.open(), grant, { refresh: false });
}

/** The resource of a new token: what is asked for has to be what was granted (RFC 8707, section 2.2). */
function resourceFor({ resource }: Grant, asked: string | undefined): string | undefined | Response {
  if (asked === undefined || resource === undefined || asked === resource) return resource ?? asked;
  return problem("invalid_target", "The grant is for another resource.");
}
