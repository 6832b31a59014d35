import { deepStrictEqual, strictEqual } from "node:assert";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { startFakeServer, startNotebook } from "@tenantry/testing";
import { startAuthorizationServer, visit } from "@tenantry/testing/oauth";
import { bearer, createTenantry, fromContext, oauth } from "tenantry";
import { createAgent } from "./agent.ts";
import { createApp } from "./app.ts";

// With sessions: as it closes, it fails the program if one user's call has come on another's.
await using notes = await startNotebook({ era: "legacy" });
await using issuer = await startAuthorizationServer();
await using mail = await startFakeServer({ authenticate: { authorizationServer: issuer } });

const server = createAdaptorServer({ fetch: (request) => app.fetch(request), overrideGlobalObjects: false });
await once(server.listen(0, "127.0.0.1"), "listening");
const home = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
await using tenantry = createTenantry({
  servers: {
    notes: { url: notes.url, credential: bearer(fromContext("notesToken")) },
    mail: { url: mail.url.href, credential: oauth() },
  },
  publicUrl: `${home}/tenantry`,
  allow: ["127.0.0.1"],
});
const app = createApp(tenantry, createAgent());

strictEqual((await post("/chat", "nobody", "Who am I?")).status, 401, "Nobody is asked to sign in.");

console.log("Ada and Bob ask at once:");
const prompt = (code: string) => `Use notes__write for "My door code is ${code}.", then notes__read.`;
const answers = await askBoth(prompt("heron-41"), prompt("otter-73"));
const codes = answers.map(({ text }) => ["heron-41", "otter-73"].filter((code) => text.includes(code)));
deepStrictEqual(codes, [["heron-41"], ["otter-73"]], "Each is told their own code, and not the other's.");

console.log("Ada follows the link and grants access to her mail; both ask once more:");
const { headers } = await get("/connect/mail", "ada");
const callback = await visit(new URL(headers.get("location") ?? ""), { login: "ada@mail.example" });
const { pathname, search } = callback;
strictEqual((await get(pathname + search, "bob")).status, 400, "Another's browser finishes nothing.");
strictEqual((await get(pathname + search, "ada")).status, 200, "Her own does.");
const later = await askBoth("Use mail__whoami.", "Use mail__whoami.");
deepStrictEqual(
  later.map(({ text, connect }) => [text.includes("ada@mail.example"), connect]),
  [
    [true, []],
    [false, ["/connect/mail"]],
  ],
  "Ada's mail is there for Ada.",
);

server.close();

async function askBoth(ofAda: string, ofBob: string) {
  const answers = await Promise.all([chat("ada", ofAda), chat("bob", ofBob)]);
  for (const { user, text, connect } of answers)
    console.log(`  ${user}: ${text}`, ...connect.map((link) => `(connect: ${link})`));
  return answers;
}

async function chat(user: string, message: string) {
  const response = await post("/chat", user, message);
  return { user, ...((await response.json()) as { text: string; connect: readonly string[] }) };
}

function post(path: string, user: string, message: string): Promise<Response> {
  const headers = { cookie: `session=session-of-${user}`, "content-type": "application/json" };
  return fetch(home + path, { method: "POST", headers, body: JSON.stringify({ message }) });
}

function get(path: string, user: string): Promise<Response> {
  return fetch(home + path, { headers: { cookie: `session=session-of-${user}` }, redirect: "manual" });
}
