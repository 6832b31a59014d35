// Credentials as an instance binds them, with every user's value at hand.
import { randomBytes } from "node:crypto";
import {
  secret,
  systemClock,
  type CredentialDependencies,
  type CredentialKey,
  type CredentialProvider,
  type Origin,
  type ServerId,
  type UserId,
  type WorkspaceId,
} from "@tenantry/core";
import {
  bearer,
  createFingerprint,
  credentialVault,
  fromContext,
  fromFunction,
  fromStore,
  sealWithKeys,
} from "@tenantry/credentials";
import { Grants, type SendRefresh } from "@tenantry/credentials/grants";
import { oauth } from "@tenantry/credentials/oauth";
// It counts what it is asked, and keeps to the contract.
import { memoryStore } from "../../../packages/credentials/test/memory-store.ts";

/** A way to resolve the credential of any of its users at once. */
export interface Prepared {
  readonly name: string;
  readonly users: number;
  /** Throws where the credential is not at hand. */
  readonly resolve: (user: number) => void;
  /** How often the store was asked until now. */
  readonly trips: () => number;
}

const workspace = "acme" as WorkspaceId;
const server = Object.freeze({
  id: "bench" as ServerId,
  digest: "digest-of-bench",
  origin: "https://api.example.com" as Origin,
  url: "https://api.example.com/mcp",
});
const hour = 3_600_000;

/** Makes every way for so many users, each with a value of its own that has been read once. */
export async function prepare(users: number): Promise<readonly Prepared[]> {
  const names = Array.from({ length: users }, (_, index) => `user-${index}` as UserId);
  const store = memoryStore(systemClock);
  const sealer = sealWithKeys({ current: "k", keys: { k: randomBytes(32) } });
  const dependencies: CredentialDependencies = {
    fetch,
    clock: systemClock,
    fingerprint: createFingerprint(),
    store,
    sealer,
  };
  const vault = credentialVault({ store, sealer });
  for (const user of names)
    await vault.save({ workspace, user, server: server.id, slot: "authorization" }, `token-of-${user}`);
  const kept = fromFunction(({ scope }) => `token-of-${scope.share === "user" ? scope.user : ""}`, {
    ttlMs: hour,
  });
  const limits = { memoryMs: hour };
  const grants = new Grants({ ...dependencies, store, sealer, limits });
  await putGrants(grants, names);
  const callbackUrl = new URL("https://app.example.com/oauth/callback");
  const named = (name: string) => ({ name: `${name}, ${users} users`, users, trips: store.calls });
  return [
    {
      ...named("bearer(fromContext())"),
      resolve: await ofProvider(bearer(fromContext("token")).bind(dependencies), names),
    },
    {
      ...named("bearer(fromStore())"),
      resolve: await ofProvider(bearer(fromStore({ ttlMs: hour })).bind(dependencies), names),
    },
    {
      ...named("bearer(fromFunction()), kept"),
      resolve: await ofProvider(bearer(kept).bind(dependencies), names),
    },
    {
      ...named("Grants.fresh()"),
      resolve: await ofGrants(grants, names),
    },
    {
      ...named("oauth()"),
      resolve: await ofProvider(oauth({ limits }).bind({ ...dependencies, callbackUrl }), names),
    },
  ];
}

/** Asks as a pool does: with a request of its own for every call. */
async function ofProvider(
  provider: CredentialProvider,
  names: readonly UserId[],
): Promise<(user: number) => void> {
  const views = names.map((user) => ({
    scope: Object.freeze({ share: "user", workspace, user } as const),
    context: Object.freeze({ token: `token-of-${user}` }),
  }));
  for (const view of views) await provider.resolve({ ...view, server });
  return (user) => {
    const { scope, context } = views[user] as (typeof views)[number];
    if (provider.resolve({ scope, server, context }) instanceof Promise)
      throw new Error("It was not at hand.");
  };
}

const keyOf = (user: UserId): CredentialKey => ({ workspace, user, server: server.id, slot: "oauth" });

async function putGrants(grants: Grants, names: readonly UserId[]): Promise<void> {
  for (const user of names) {
    await grants.put(keyOf(user), {
      subject: `subject-of-${user}`,
      generation: "1",
      issuer: "https://issuer.example.com",
      resource: server.url,
      clientId: "bench",
      scopes: ["read"],
      tokenType: "bearer",
      accessToken: secret(`token-of-${user}`),
      refreshToken: secret(`refresh-of-${user}`),
      expiresAt: Date.now() + 24 * hour,
    });
  }
}

async function ofGrants(grants: Grants, names: readonly UserId[]): Promise<(user: number) => void> {
  const send: SendRefresh = () => Promise.reject(new Error("Nothing is refreshed."));
  for (const user of names) await grants.fresh(keyOf(user), { send });
  return (user) => {
    if (grants.fresh(keyOf(names[user] as UserId), { send }) instanceof Promise)
      throw new Error("It was not at hand.");
  };
}
