import { problem } from "./answers.ts";
import { authenticateClient } from "./client-authentication.ts";
import type { Realm } from "./realm.ts";
import type { OAuthRequest } from "./recording.ts";

/**
 * The revocation endpoint (RFC 7009, section 2): a refresh token ends with everything of its grant, an access token
 * alone. A token that is not known, or is another client's, is answered in the same way and left as it is.
 */
export async function revoke(realm: Realm, request: OAuthRequest): Promise<Response> {
  if (request.method !== "POST") return problem("invalid_request", "Send a POST.", 405, { allow: "POST" });
  const client = await authenticateClient(realm, request);
  if (client instanceof Response) return client;
  const { ledger } = realm;
  const value = request.fields["token"];
  if (value === undefined) return problem("invalid_request", "Send the token.");
  const refresh = ledger.find("refresh_token", value);
  const access = ledger.find("access_token", value);
  if (refresh?.clientId === client.client_id) ledger.revoke(refresh.grant);
  if (access?.clientId === client.client_id) access.revoked = true;
  return new Response(null, { status: 200, headers: { "cache-control": "no-store" } });
}
