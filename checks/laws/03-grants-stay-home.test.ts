// Law 3, of what people grant: tokens, codes and what proves them go to their issuer and to their server, each its own,
// and are in nothing that a host prints, keeps or sends elsewhere.
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFakeServer } from "@tenantry/testing";
import { oauthError } from "@tenantry/testing/oauth";
import { bearer, fromStatic, sealWithKeys } from "tenantry";
import { createHandler } from "tenantry/http";
import { sqliteStore } from "tenantry/sqlite";
import { expect, it, vi } from "vitest";
import { codeOf } from "./fixture/answers.ts";
import { listen } from "./fixture/diagnostics.ts";
import { createGrantWorld, endAccessTokens } from "./fixture/grants.ts";
import { failureOf } from "./fixture/outcome.ts";
import { spellings } from "./fixture/spellings.ts";

const tenantKey = "tenant-key-of-the-definition";
const notesKey = "key-of-another-server";

it("no secret of a whole life of grants is in anything that a host prints or keeps", async () => {
  const folder = await mkdtemp(join(tmpdir(), "grants-stay-home-"));
  const sealingKey = randomBytes(32);
  const store = sqliteStore(join(folder, "tenantry.db"));
  const sealer = sealWithKeys({ current: "k1", keys: { k1: sealingKey } });
  await using notes = await startFakeServer();
  using events = listen();
  const written = watchOutput();
  const seen: unknown[] = [];
  const world = await createGrantWorld({
    store,
    sealer,
    headers: { "x-tenant": tenantKey },
    more: { notes: { url: notes.url.href, credential: bearer(fromStatic(notesKey)) } },
  });
  {
    await using _ = world;
    const { issuer, acme, tenantry } = world;
    const [ada, bob] = [acme.as("ada"), acme.as("bob")];
    seen.push(await failureOf(ada.callTool("mail__whoami")));
    seen.push(await world.connect("ada"), await world.connect("bob"));
    seen.push(await ada.callTool("mail__echo", { text: "hello" }), await bob.servers());
    await ada.callTool("notes__echo", { text: "hello" });

    // Every answer that a refresh can get, the good one last: none is to be believed with what it repeats.
    const refresh = { grantType: "refresh_token", times: 1 } as const;
    const repeated = issuer.secrets().join(" ");
    issuer.faults.add(oauthError("temporarily_unavailable", { status: 503, description: repeated }), refresh);
    endAccessTokens(world);
    seen.push(await failureOf(ada.callTool("mail__whoami")).catch(String));
    issuer.faults.add({ kind: "answer", status: 200, body: `<p>${repeated}</p>` }, refresh);
    seen.push(await failureOf(ada.callTool("mail__whoami")).catch(String));
    issuer.faults.add(oauthError("invalid_grant", { description: repeated }), refresh);
    seen.push(await failureOf(bob.callTool("mail__whoami")).catch(String));
    seen.push(await ada.servers(), await bob.servers(), tenantry.stats());

    const handler = createHandler(tenantry, { identify: () => ({ workspace: "acme", user: "ada" }) });
    const stolen = new URL(`http://127.0.0.1:1/app/oauth/callback?state=unknown&code=${issuer.secrets()[0]}`);
    seen.push(await (await handler(new Request(stolen))).text());
    seen.push(await acme.disconnect("ada", "mail"), tenantry, acme, ada, handler, store, sealer);
    seen.push(await store.credentials.scan(), await store.clients.scan(), await store.flows.scan());
    seen.push(...events.heard);
  }
  const secrets = [
    ...world.issuer.secrets(),
    ...world.issuer.requests.map(({ fields }) => fields["code_verifier"] ?? "").filter((text) => text !== ""),
    tenantKey,
    notesKey,
    ...(["hex", "base64", "base64url"] as const).map((encoding) => sealingKey.toString(encoding)),
  ];
  // Two connections, each with a code and tokens and proofs; fewer would mean that nothing was looked for.
  expect(secrets.length).toBeGreaterThan(12);
  const files = await Promise.all(
    (await readdir(folder)).map((name) => readFile(join(folder, name), "latin1")),
  );
  expect(files.join("").length).toBeGreaterThan(1_000);
  const printed = [...seen.map(spellings), ...written.end()].join("\n");
  for (const text of secrets) {
    expect(printed).not.toContain(text);
    expect(files.join("\n")).not.toContain(text);
  }
  await rm(folder, { recursive: true });
});

it("an issuer never sees what is for the server, and a server nothing that is for the issuer", async () => {
  await using world = await createGrantWorld({ headers: { "x-tenant": tenantKey } });
  const { issuer, mail, acme } = world;
  await world.connect("ada");
  await acme.as("ada").callTool("mail__echo", { text: "hello" });
  endAccessTokens(world);
  await acme.as("ada").callTool("mail__echo", { text: "hello" });
  await acme.disconnect("ada", "mail");

  expect(issuer.requests.length).toBeGreaterThan(4);
  expect(JSON.stringify(issuer.requests)).not.toContain(tenantKey);
  const tokens = issuer.issued.filter(({ kind }) => kind === "access_token").map(({ value }) => value);
  expect(tokens.length).toBeGreaterThan(1);
  const bearers = new Set(tokens.map((token) => `Bearer ${token}`));
  for (const { headers, path, body } of mail.requests) {
    const { authorization, ...others } = headers;
    if (authorization !== undefined) expect(bearers).toContain(authorization);
    for (const text of issuer.secrets()) expect(JSON.stringify([others, path, body])).not.toContain(text);
  }
  // Access tokens come back to their issuer where they are revoked, and nowhere else.
  const elsewhere = issuer.requests.filter(({ endpoint }) => endpoint !== "revoke");
  for (const token of tokens)
    expect(JSON.stringify(elsewhere.map(({ fields }) => fields))).not.toContain(token);
});

it("a server that names another origin for its metadata gets nobody to look there", async () => {
  await using elsewhere = await startFakeServer();
  await using world = await createGrantWorld();
  const { mail, acme } = world;
  mail.faults.add({
    kind: "answer",
    status: 401,
    headers: { "www-authenticate": `Bearer resource_metadata="${elsewhere.url.href}"` },
  });
  expect(await codeOf(acme.as("ada").callTool("mail__whoami"))).toBe("ORIGIN_REFUSED");
  expect(elsewhere.requests).toEqual([]);
});

/** Everything that this process prints while it is watched. */
function watchOutput(): { end(): readonly string[] } {
  const lines: string[] = [];
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, "write").mockImplementation((chunk) => {
      lines.push(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
      return true;
    }),
  );
  return {
    end() {
      for (const spy of spies) spy.mockRestore();
      return lines;
    },
  };
}
