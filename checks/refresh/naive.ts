import { serverId, userId, workspaceId, type CredentialKey } from "@tenantry/core";
import { bearer, fromFunction, type CredentialSource } from "tenantry";
import { postgresStore } from "tenantry/postgres";
import type { HostSetup } from "./messages.ts";
import { person } from "./person.ts";

/** The client of the negative control; the authorization server knows it from the start. */
export const naiveClient = Object.freeze({
  client_id: "naive",
  redirect_uris: ["http://127.0.0.1:1/naive"],
  token_endpoint_auth_method: "none" as const,
});

/** Where the negative control keeps its tokens. */
export const naiveKey: CredentialKey = Object.freeze({
  workspace: workspaceId(person.workspace),
  user: userId(person.user),
  server: serverId("mail"),
  slot: "naive",
});

/** The tokens of one answer of the token endpoint (RFC 6749, section 5.1). */
export interface NaiveTokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** Refreshes once for all calls of its own process, and knows nothing of the other processes: the negative control. */
export function naive({ database, server, naive: control }: HostSetup): CredentialSource {
  const store = postgresStore(database);
  const tokenEndpoint = control?.tokenEndpoint ?? "";
  let given: string | undefined;
  let running: Promise<string> | undefined;
  let replaced: string | undefined;
  const stored = async () => {
    const row = await store.credentials.get(naiveKey);
    return row && { version: row.version, tokens: row.value as unknown as NaiveTokens };
  };
  const refresh = async (): Promise<string> => {
    const before = await stored();
    if (before === undefined) throw new Error("Nobody has granted anything.");
    // Another process may have been quicker; the one that looks before it has written is not stopped by that.
    if (before.tokens.access_token !== given) return (given = before.tokens.access_token);
    const { refresh_token } = before.tokens;
    const fields = {
      grant_type: "refresh_token",
      refresh_token,
      client_id: naiveClient.client_id,
      resource: server,
    };
    const response = await fetch(tokenEndpoint, { method: "POST", body: new URLSearchParams(fields) });
    if (!response.ok) throw new Error(`The token endpoint answered ${response.status}.`);
    const { access_token, refresh_token: next } = (await response.json()) as NaiveTokens;
    const version = (await stored())?.version ?? null;
    await store.credentials.put(naiveKey, { access_token, refresh_token: next }, { ifVersion: version });
    return (given = access_token);
  };
  return bearer(
    fromFunction(async ({ rejected }) => {
      if (rejected === undefined) return (given ??= (await stored())?.tokens.access_token);
      // Whoever is told late that a token has ended takes the one that has replaced it.
      if (rejected.generation === replaced) return running ?? given;
      replaced = rejected.generation;
      return (running = refresh().catch((failure: unknown) => {
        replaced = undefined;
        throw failure;
      }));
    }),
  );
}
