import { allowInsecureRequests, clockSkew, customFetch, revocationRequest } from "oauth4webapi";
import { TenantryError, withDeadline, type AbortableOptions, type Clock, type Secret } from "@tenantry/core";
import type { Grant } from "../grants/grant.ts";
import { clientAuthOf, type OAuthClient } from "./client.ts";
import type { Clients } from "./clients.ts";
import type { Discovery } from "./discovery.ts";
import type { HttpRequest, OAuthHttp } from "./http.ts";
import type { Issuer } from "./issuer.ts";

/** What revoking takes. */
export interface RevocationParts {
  readonly http: OAuthHttp;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly discovery: Discovery;
  readonly clients: Clients;
}

/**
 * Asks the issuer to end a grant's tokens (RFC 7009, section 2.1), the refresh token first; all of it within `timeoutMs`.
 * `false` where it could not be asked, as one whose client this host no longer is, or did not say yes; what it then still
 * takes ends by itself.
 */
export async function revokeGrant(
  parts: RevocationParts,
  grant: Grant,
  { signal }: AbortableOptions,
): Promise<boolean> {
  const { clock, timeoutMs } = parts;
  const expired = () =>
    new TenantryError("TIMEOUT", "The tokens were not revoked in time.", { retryable: true });
  const { refreshToken, accessToken } = grant;
  try {
    return await withDeadline({ clock, timeoutMs, keepAlive: true, signal, expired }, async (ends) => {
      const issuer = await parts.discovery.issuer(grant.issuer, false, { signal: ends });
      const client = await parts.clients.byId(issuer, grant.clientId);
      const { revocationEndpoint } = issuer;
      if (client === undefined || revocationEndpoint === undefined) return false;
      const revoke = (token: Secret, hint: string) =>
        revokeToken(parts.http, { issuer, client, revocationEndpoint, token, hint, signal: ends });
      const first = refreshToken === undefined || (await revoke(refreshToken, "refresh_token"));
      return (await revoke(accessToken, "access_token")) && first;
    });
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}

interface Revocation {
  readonly issuer: Issuer;
  readonly client: OAuthClient;
  readonly revocationEndpoint: URL;
  readonly token: Secret;
  readonly hint: string;
  readonly signal: AbortSignal;
}

async function revokeToken(http: OAuthHttp, revocation: Revocation): Promise<boolean> {
  const { issuer, client, revocationEndpoint, token, hint, signal } = revocation;
  const response = await revocationRequest(
    { issuer: issuer.name, revocation_endpoint: revocationEndpoint.href },
    { client_id: client.id, [clockSkew]: http.skewSeconds },
    clientAuthOf(client, issuer),
    token.reveal(),
    {
      [allowInsecureRequests]: true,
      [customFetch]: (url: string, request: HttpRequest) => http.send(new URL(url), request),
      additionalParameters: { token_type_hint: hint },
      signal,
    },
  );
  return response.status === 200;
}
