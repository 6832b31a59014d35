import { randomUUID } from "node:crypto";
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JWTPayload } from "jose";
import { issuerIdentifier } from "../protected-resource.ts";
import { answer, problem } from "./answers.ts";
import { isFirst } from "./client-authentication.ts";
import { signatureAlgorithms } from "./metadata.ts";
import { scopesOf, type Realm } from "./realm.ts";
import { signJwt } from "./signing-key.ts";
import type { TokenRequest } from "./token.ts";
import { giveTokens } from "./token-answer.ts";

const tokenType = "urn:ietf:params:oauth:token-type:";

/** How long an ID-JAG holds, in milliseconds. */
const idJagTtlMs = 300_000;

/**
 * Exchanges an ID token for an ID-JAG, which another authorization server redeems (RFC 8693, section 2; Identity
 * Assertion JWT Authorization Grant, section 4.3). No other exchange is supported.
 */
export async function exchangeToken(realm: Realm, { client, fields }: TokenRequest): Promise<Response> {
  const { ledger, clock, issuer, key } = realm;
  if (fields["requested_token_type"] !== `${tokenType}id-jag`)
    return problem("invalid_request", "Only an ID-JAG can be requested.");
  if (fields["subject_token_type"] !== `${tokenType}id_token`)
    return problem("invalid_request", "The subject token has to be an ID token.");
  const idToken = ledger.find("id_token", fields["subject_token"]);
  if (idToken === undefined || idToken.clientId !== client.client_id || !ledger.holds(idToken))
    return problem(
      "invalid_grant",
      "The subject token is not one of this client's, has ended or is revoked.",
    );
  const { audience, resource } = fields;
  if (audience === undefined) return problem("invalid_request", "Name the other issuer as the audience.");
  const scopes = realm.grantScopes(scopesOf(fields["scope"]), client.client_id);
  const { subject, clientId, grant } = idToken;
  const issuedAt = Math.floor(clock.now() / 1000);
  const claims = {
    iss: issuer,
    sub: subject,
    aud: audience,
    client_id: clientId,
    jti: randomUUID(),
    iat: issuedAt,
    exp: issuedAt + idJagTtlMs / 1000,
    scope: scopes.join(" "),
    ...(resource !== undefined && { resource }),
  };
  const value = await signJwt(key, "oauth-id-jag+jwt", claims);
  ledger.issue(grant, { subject, clientId, scopes, resource }, { kind: "id_jag", ttlMs: idJagTtlMs, value });
  return answer({
    issued_token_type: `${tokenType}id-jag`,
    access_token: value,
    token_type: "N_A",
    expires_in: idJagTtlMs / 1000,
    scope: claims.scope,
  });
}

/** Redeems an ID-JAG of a trusted issuer, once, for an access token (RFC 7523, section 2.1). */
export async function redeemAssertion(realm: Realm, request: TokenRequest): Promise<Response> {
  const { client, fields, keyThumbprint } = request;
  const claims = await verifiedClaims(realm, fields["assertion"] ?? "");
  if (claims?.sub === undefined || claims["client_id"] !== client.client_id)
    return problem("invalid_grant", "The assertion does not hold, or is another client's.");
  if (!isFirst(realm, claims.iss ?? "", claims.jti))
    return problem("invalid_grant", "The assertion was used before.");
  const scopes = realm.grantScopes(scopesOf(claims["scope"]), client.client_id);
  const resource = typeof claims["resource"] === "string" ? claims["resource"] : undefined;
  const grant = { subject: claims.sub, clientId: client.client_id, scopes, resource, keyThumbprint };
  return giveTokens(realm, realm.ledger.open(), grant, { refresh: false });
}

async function verifiedClaims(realm: Realm, assertion: string): Promise<JWTPayload | undefined> {
  const { trustedIssuers = [] } = realm.options;
  try {
    const { iss } = decodeJwt(assertion);
    const trusted = trustedIssuers.find(({ issuer }) => issuerIdentifier(issuer) === iss);
    if (trusted === undefined || decodeProtectedHeader(assertion).typ !== "oauth-id-jag+jwt")
      return undefined;
    const { payload } = await jwtVerify(assertion, createLocalJWKSet(trusted.jwks), {
      issuer: issuerIdentifier(trusted.issuer),
      audience: realm.issuer,
      algorithms: [...signatureAlgorithms],
      requiredClaims: ["exp", "jti", "sub"],
      currentDate: realm.now(),
    });
    return payload;
  } catch {
    // What is wrong with an assertion is not told to whoever sent it.
    return undefined;
  }
}
