import { allowInsecureRequests, clockSkew, customFetch, revocationRequest } from "oauth4webapi";
import type { AbortableOptions } from "@tenantry/core";
import type { Grant } from "../grants/grant.ts";
import { clientAuthOf } from "./client.ts";
import type { Clients } from "./clients.ts";
import type { Discovery } from "./discovery.ts";
import type { HttpRequest, OAuthHttp } from "./http.ts";

/** What revoking takes. */
export interface RevocationParts {
  readonly http: OAuthHttp;
  readonly discovery: Discovery;
  readonly clients: Clients;
}

/**
 * Asks the issuer to end a grant's tokens (RFC 7009, section 2.1): the refresh token first, because that ends the access
 * token too at most. `false` where it could not be asked or did not say yes; what it then still takes ends by itself.
 */
export async function revokeGrant(
  { http, discovery, clients }: RevocationParts,
  grant: Grant,
  { signal }: AbortableOptions,
): Promise<boolean> {
  try {
    const issuer = await discovery.issuer(grant.issuer, false, { signal });
    const client = await clients.byId(issuer, grant.clientId);
    const { revocationEndpoint, name } = issuer;
    if (client === undefined || revocationEndpoint === undefined) return false;
    const revoke = async (token: string, hint: string): Promise<boolean> => {
      const response = await revocationRequest(
        { issuer: name, revocation_endpoint: revocationEndpoint.href },
        { client_id: client.id, [clockSkew]: http.skewSeconds },
        clientAuthOf(client, issuer),
        token,
        {
          [allowInsecureRequests]: true,
          [customFetch]: (url: string, request: HttpRequest) => http.send(new URL(url), request),
          additionalParameters: { token_type_hint: hint },
          ...(signal && { signal }),
        },
      );
      return response.status === 200;
    };
    const { refreshToken, accessToken } = grant;
    const first = refreshToken === undefined || (await revoke(refreshToken.reveal(), "refresh_token"));
    return (await revoke(accessToken.reveal(), "access_token")) && first;
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}
