import { answer } from "./answers.ts";
import type { Grant } from "./ledger.ts";
import type { Realm } from "./realm.ts";
import { signJwt } from "./signing-key.ts";

/** What is given beside the access token, and with which scopes. */
export interface GiveOptions {
  /** Whether a refresh token may come with it. */
  readonly refresh: boolean;
  /** The access token's scopes where they are fewer than the grant's. */
  readonly scopes?: readonly string[];
}

/** Issues tokens of a grant and answers with them (RFC 6749, section 5.1). */
export async function giveTokens(
  realm: Realm,
  grantId: number,
  grant: Grant,
  { refresh, scopes = grant.scopes }: GiveOptions,
): Promise<Response> {
  const { ledger, options } = realm;
  const { accessTokenTtlMs = 3_600_000, refreshTokenTtlMs = 30 * 86_400_000 } = options;
  const idToken = scopes.includes("openid")
    ? await giveIdToken(realm, grantId, grant, accessTokenTtlMs)
    : undefined;
  const access = ledger.issue(
    grantId,
    { ...grant, scopes },
    { kind: "access_token", ttlMs: accessTokenTtlMs },
  );
  const next =
    refresh && mayRefresh(realm, grant)
      ? ledger.issue(grantId, grant, { kind: "refresh_token", ttlMs: refreshTokenTtlMs })
      : undefined;
  return answer({
    access_token: access.value,
    token_type: grant.keyThumbprint === undefined ? "Bearer" : "DPoP",
    expires_in: Math.floor(accessTokenTtlMs / 1000),
    ...(scopes.length > 0 && { scope: scopes.join(" ") }),
    ...(next !== undefined && { refresh_token: next.value }),
    ...(idToken !== undefined && { id_token: idToken }),
  });
}

function mayRefresh({ options }: Realm, { scopes }: Grant): boolean {
  const { refresh = "always" } = options;
  return refresh === "always" || (refresh === "offline_access" && scopes.includes("offline_access"));
}

/** Signs who the person is (OpenID Connect Core, section 2). */
async function giveIdToken(realm: Realm, grantId: number, grant: Grant, ttlMs: number): Promise<string> {
  const { issuer, clock, key, ledger } = realm;
  const issuedAt = Math.floor(clock.now() / 1000);
  const expiresAt = issuedAt + Math.ceil(ttlMs / 1000);
  const { subject: sub, clientId: aud } = grant;
  const value = await signJwt(key, "JWT", { iss: issuer, sub, aud, iat: issuedAt, exp: expiresAt });
  return ledger.issue(grantId, grant, { kind: "id_token", ttlMs, value }).value;
}
