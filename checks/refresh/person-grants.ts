import { createHash, randomBytes } from "node:crypto";
import { postgresStore } from "tenantry/postgres";
import { visit } from "@tenantry/testing/oauth";
import type { Outcome } from "./messages.ts";
import { naiveClient, naiveKey, type NaiveTokens } from "./naive.ts";
import { person } from "./person.ts";
import type { World } from "./world.ts";

/** The first of the outcomes that sends the person away to grant. */
export function refusalOf(outcomes: readonly Outcome[]): Outcome | undefined {
  return outcomes.find(({ code }) => code === "AUTHORIZATION_REQUIRED");
}

/** Does what the person does who is sent away: grants, and comes back to whichever process. */
export async function grantAgain(world: World, { authorizationUrl = "" }: Outcome): Promise<void> {
  const callback = await visit(new URL(authorizationUrl), { login: person.login });
  const seat = world.seats[Math.floor(Math.random() * world.seats.length)];
  const [finished] = (await seat?.host.ask({ kind: "finish", callback: callback.href })) ?? [];
  if (finished?.code !== undefined) throw new Error(`A callback was refused: ${finished.message}`);
}

/** Lets the person grant for the first time. */
export async function grantFirst(world: World): Promise<void> {
  const outcomes = await world.seats[0]?.host.ask({ kind: "call", times: 1 });
  const refusal = refusalOf(outcomes ?? []);
  if (refusal === undefined) throw new Error(`Nobody was sent away: ${JSON.stringify(outcomes)}`);
  await grantAgain(world, refusal);
}

/** Gets the negative control its tokens: the authorization code grant with PKCE (OAuth 2.1, section 4.1). */
export async function grantNaively({ issuer, server, database }: World): Promise<void> {
  const verifier = randomBytes(32).toString("base64url");
  const client = { client_id: naiveClient.client_id, redirect_uri: naiveClient.redirect_uris[0] ?? "" };
  const url = new URL(issuer.metadata.authorization_endpoint ?? "");
  url.search = new URLSearchParams({
    ...client,
    response_type: "code",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    resource: server.href,
  }).toString();
  const code = (await visit(url, { login: person.login })).searchParams.get("code") ?? "";
  const response = await fetch(issuer.metadata.token_endpoint, {
    method: "POST",
    body: new URLSearchParams({ ...client, grant_type: "authorization_code", code, code_verifier: verifier }),
  });
  if (!response.ok) throw new Error(`The negative control got no tokens: ${response.status}`);
  const { access_token, refresh_token } = (await response.json()) as NaiveTokens;
  await using store = postgresStore(database);
  const ifVersion = (await store.credentials.get(naiveKey))?.version ?? null;
  await store.credentials.put(naiveKey, { access_token, refresh_token }, { ifVersion });
}
