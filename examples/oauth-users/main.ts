import { mkdtemp, readFile, rm } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFakeServer } from "@tenantry/testing";
import { startAuthorizationServer } from "@tenantry/testing/oauth";
import { createTenantry, oauth, sealWithKeys, TenantryError } from "tenantry";
import { sqliteStore } from "tenantry/sqlite";
import { startApp } from "./app.ts";
import { connectInBrowser, startBrowser } from "./browser.ts";
import { check, heading } from "./check.ts";

const issuer = await startAuthorizationServer({ consent: "page" });
const mail = await startFakeServer({ authenticate: { authorizationServer: issuer } });
const app = await startApp();
const folder = await mkdtemp(join(tmpdir(), "oauth-users-"));

const tenantry = createTenantry({
  servers: { mail: { url: mail.url.href, credential: oauth() } },
  store: sqliteStore(join(folder, "tenantry.db")),
  sealer: sealWithKeys({ current: "2026-11", keys: { "2026-11": randomBytes(32) } }),
  publicUrl: new URL("/tenantry", app.url),
  // The server's own metadata names its issuer, and what a server says is not trusted with addresses of this machine.
  allow: ["127.0.0.1"],
});
app.use(tenantry);
const acme = tenantry.workspace("acme");
const users = ["ada", "bob", "cleo"];

heading("Before anybody has connected");
for (const user of users) check(user, await whoami(user), "AUTHORIZATION_REQUIRED");

heading("Each connects in a browser of their own");
const browser = await startBrowser();
for (const user of users)
  check(user, await connectInBrowser(browser, app.url, user), "mail is connected. You can close this page.");
await browser.close();

heading("All call at once, thirty times each");
check(
  "the server saw",
  await callAtOnce(30),
  users.map((user) => `${user}@mail.example`),
);

heading("Every access token ends, and all call at once again");
issuer.expire({ kind: "access_token" });
check(
  "the server saw",
  await callAtOnce(30),
  users.map((user) => `${user}@mail.example`),
);
const refreshes = issuer.requests.filter(({ grantType }) => grantType === "refresh_token");
check("token requests, one for each user", refreshes.length, users.length);
check("refresh tokens used twice", issuer.issued.filter(isRefreshTokenUsedTwice).length, 0);

heading("Bob disconnects");
check("at the issuer too", await acme.disconnect("bob", "mail"), { removed: true, revoked: true });
check("bob", await whoami("bob"), "AUTHORIZATION_REQUIRED");
check("ada", await whoami("ada"), "ada@mail.example");

heading("Closing");
await tenantry.close();
const { connections, sockets } = tenantry.stats();
check("connections and sockets of this instance", [connections, sockets], [0, 0]);
const files = await Promise.all(
  ["", "-wal"].map((end) => readFile(join(folder, `tenantry.db${end}`)).catch(() => "")),
);
const kept = files.map((file) => file.toString("latin1")).join("");
check(
  "tokens and codes that the database shows",
  issuer.issued.filter(({ value }) => kept.includes(value)).length,
  0,
);
await Promise.all([mail, issuer].map((one) => one[Symbol.asyncDispose]()));
await app.close();
await rm(folder, { recursive: true });

async function whoami(user: string): Promise<string> {
  try {
    const { structuredContent } = await acme.as(user).callTool("mail__whoami");
    return String((structuredContent as { user?: unknown } | undefined)?.user);
  } catch (error) {
    if (error instanceof TenantryError) return error.code;
    throw error;
  }
}

/** Lets everybody call as often as that in the same moment, and gives whom the server took each of them for. */
async function callAtOnce(times: number): Promise<readonly string[]> {
  const calls = users.map((user) => Promise.all(Array.from({ length: times }, () => whoami(user))));
  return (await Promise.all(calls)).map((seen) => [...new Set(seen)].join(" and "));
}

function isRefreshTokenUsedTwice({ kind, uses }: (typeof issuer.issued)[number]): boolean {
  return kind === "refresh_token" && uses > 1;
}
