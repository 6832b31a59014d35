import { createHash } from "node:crypto";
import type { OAuthClient } from "./client.ts";
import type { AuthorizationServer } from "./server.ts";
import { visit } from "./visit.ts";

// Requests by hand, for what no honest client sends.

/** With a query of its own, which has to stay. */
export const redirect = "http://127.0.0.1:9/callback?kept=1";
export const resource = "https://mcp.example/mcp";
const verifier = "a verifier that is long enough for the purpose";
/** A client without a secret, another one, and one with a secret. */
export const clients: readonly OAuthClient[] = [
  { client_id: "app", redirect_uris: [redirect] },
  { client_id: "other", redirect_uris: [redirect] },
  { client_id: "secret", client_secret: "right", redirect_uris: [redirect] },
];
/** The fields of a form, or headers. */
export type Fields = Readonly<Record<string, string>>;

/** Where a person would be sent, with some parameters changed or left out. */
export function authorizationUrl(
  server: AuthorizationServer,
  changes: Readonly<Record<string, string | undefined>> = {},
): URL {
  const url = new URL(server.metadata.authorization_endpoint);
  const fields = {
    client_id: "app",
    redirect_uri: redirect,
    response_type: "code",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    state: "the state",
    resource,
    ...changes,
  };
  for (const [name, value] of Object.entries(fields))
    if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

/** A request to the token endpoint: the answer with its status. */
export async function send(server: AuthorizationServer, fields: Fields, headers: Fields = {}) {
  const body = new URLSearchParams(fields);
  const response = await fetch(server.metadata.token_endpoint, { method: "POST", body, headers });
  const answer = (await response.json()) as Record<string, string>;
  return { status: response.status, ...answer } as Record<string, string | number | undefined>;
}

/** The code that a person who authorises at once is sent back with. */
export async function codeOf(
  server: AuthorizationServer,
  changes: Parameters<typeof authorizationUrl>[1] = {},
) {
  const callback = await visit(authorizationUrl(server, changes));
  return callback.searchParams.get("code") ?? "";
}

/** Redeems a code as its own client, with some fields changed. */
export const redeem = (server: AuthorizationServer, code: string, changes: Fields = {}) =>
  send(server, {
    grant_type: "authorization_code",
    client_id: "app",
    code,
    code_verifier: verifier,
    ...changes,
  });

/** Redeems a refresh token as its own client, with some fields changed. */
export const refresh = (server: AuthorizationServer, refresh_token: unknown, changes: Fields = {}) =>
  send(server, {
    grant_type: "refresh_token",
    client_id: "app",
    refresh_token: String(refresh_token),
    ...changes,
  });
