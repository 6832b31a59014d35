import { setTimeout as sleep } from "node:timers/promises";
import { startFakeServer } from "@tenantry/testing";
import { startAuthorizationServer, visit, type AuthorizationServerOptions } from "@tenantry/testing/oauth";
import { describe, expect, it, vi } from "vitest";
import { createHandler, type HandlerOptions, type Visitor } from "./http.ts";
import {
  createTenantry,
  memoryStore,
  oauth,
  sealWithKeys,
  TenantryError,
  type TenantryOptions,
} from "./index.ts";
import { failureOf, liveGrants, start, whoami } from "../test/oauth-world.ts";

describe("a person who grants access", () => {
  it("is told where, comes back, and the next call works as that person", async () => {
    await using world = await start();
    const ada = world.acme.as("ada");
    const url = await world.urlOf("ada");
    const refusal = await failureOf(ada.callTool(whoami));
    expect(refusal).toBeInstanceOf(TenantryError);
    expect(refusal).toMatchObject({ code: "AUTHORIZATION_REQUIRED", authorizationUrl: url });

    const page = await world.connect("ada");
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining("mail is connected.")]);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(JSON.stringify(await ada.callTool(whoami))).toContain("ada-at-mail");
    expect(await ada.servers()).toMatchObject([{ server: "mail", status: "ready" }]);
  });

  it("gives it for that person only", async () => {
    await using world = await start();
    await world.connect("ada");
    await world.connect("bob");
    const [ada, bob] = await Promise.all(["ada", "bob"].map((user) => world.acme.as(user).callTool(whoami)));
    expect(JSON.stringify(ada)).toContain("ada-at-mail");
    expect(JSON.stringify(bob)).toContain("bob-at-mail");
    expect(await failureOf(world.acme.as("eve").callTool(whoami))).toMatchObject({
      code: "AUTHORIZATION_REQUIRED",
    });
    expect(await failureOf(world.tenantry.workspace("globex").as("ada").callTool(whoami))).toMatchObject({
      code: "AUTHORIZATION_REQUIRED",
    });
  });
});

describe("a callback", () => {
  it("works once, and only for whoever was sent away", async () => {
    await using world = await start();
    const callback = await visit(await world.urlOf("ada"), { login: "ada-at-mail" });
    const strangers = [
      { workspace: "acme", user: "eve" },
      { workspace: "globex", user: "ada" },
    ];
    for (const stranger of strangers) {
      const page = await world.comeBack(stranger, callback);
      expect([page.status, await page.text()]).toEqual([400, expect.stringContaining("is over")]);
    }
    expect((await world.comeBack({ workspace: "acme", user: "ada" }, callback)).status).toBe(200);
    expect((await world.comeBack({ workspace: "acme", user: "ada" }, callback)).status).toBe(400);
    expect(world.issuer.requests.filter(({ grantType }) => grantType === "authorization_code")).toHaveLength(
      1,
    );
  });

  it("is refused to a browser that is nobody's, and nothing else is served", async () => {
    await using world = await start();
    const callback = await visit(await world.urlOf("ada"));
    expect((await world.comeBack(undefined, callback)).status).toBe(401);
    expect((await world.comeBack(null, callback)).status).toBe(401);
    for (const wrong of [{}, { workspace: "acme" }, { workspace: "acme", user: "" }, "ada"])
      expect((await world.comeBack(wrong as Visitor, callback)).status).toBe(400);
    const serve = createHandler(world.tenantry, { identify: () => ({ workspace: "acme", user: "ada" }) });
    const statusOf = async (path: string, init?: RequestInit) =>
      (await serve(new Request(new URL(path, callback), init))).status;
    expect(await statusOf("/app/oauth/callback", { method: "POST" })).toBe(405);
    expect(await statusOf("/app/oauth")).toBe(404);
    expect(await statusOf("/app/oauth/callback")).toBe(400);
    expect(await statusOf("/app/health")).toBe(200);
    await world.tenantry.close();
    expect(await statusOf("/app/health")).toBe(503);
  });

  it("is finished although the browser does not wait, and before the instance is closed", async () => {
    await using world = await start();
    const callback = await visit(await world.urlOf("ada"));
    world.issuer.faults.add({ kind: "delay", ms: 50 }, { endpoint: "token" });
    const stop = new AbortController();
    const serve = createHandler(world.tenantry, { identify: () => ({ workspace: "acme", user: "ada" }) });
    const page = serve(new Request(callback, { signal: stop.signal }));
    await sleep(20);
    stop.abort();
    await world.tenantry.close();
    expect((await page).status).toBe(200);
  });

  it("says that a person has declined, and what can be tried again", async () => {
    await using declined = await start({ authorize: () => ({ error: "access_denied" }) });
    const no = await visit(await declined.urlOf("ada"));
    const page = await declined.comeBack({ workspace: "acme", user: "ada" }, no);
    expect([page.status, await page.text()]).toEqual([403, expect.stringContaining("did not grant")]);
    await using busy = await start();
    const callback = await visit(await busy.urlOf("ada"));
    const fault = { kind: "answer", status: 429, headers: { "retry-after": "1" } } as const;
    busy.issuer.faults.add(fault, { endpoint: "token", times: 1 });
    expect((await busy.comeBack({ workspace: "acme", user: "ada" }, callback)).status).toBe(503);
    expect((await busy.comeBack({ workspace: "acme", user: "ada" }, callback)).status).toBe(200);
  });

  it("carries no code of one tenant's issuer to another's", async () => {
    const unnamed: AuthorizationServerOptions = {
      iss: "missing",
      alterMetadata: ({ authorization_response_iss_parameter_supported: _named, ...document }) => document,
    };
    await using good = await start(unnamed);
    await using evil = await startAuthorizationServer(unnamed);
    await using news = await startFakeServer({ authenticate: { authorizationServer: evil } });
    await using tenantry = createTenantry({
      servers: {
        mail: { url: good.mail.url.href, credential: oauth() },
        news: { url: news.url.href, credential: oauth() },
      },
      publicUrl: "http://127.0.0.1:1/app",
      allow: ["127.0.0.1"],
    });
    const pageOf = async (user: string, server: string) => {
      const all = await tenantry.workspace("acme").as(user).servers();
      const status = all.find((one) => one.server === server);
      if (status?.status === "needs_authorization" && status.url !== undefined) return status.url;
      throw new Error(`There is no page of ${server}.`);
    };
    const on = await pageOf("eve", "mail");
    on.searchParams.set("state", (await pageOf("ada", "news")).searchParams.get("state") ?? "");
    const callback = await visit(on, { login: "ada-at-mail" });
    const serve = createHandler(tenantry, { identify: () => ({ workspace: "acme", user: "ada" }) });
    expect((await serve(new Request(callback))).status).toBe(502);
    expect(evil.requests.filter(({ endpoint }) => endpoint === "token")).toEqual([]);
  });

  it("tells the host how it ended, and the person what the host wants", async () => {
    await using world = await start();
    const callback = await visit(await world.urlOf("ada"));
    const outcomes: unknown[] = [];
    const onAuthorization: HandlerOptions["onAuthorization"] = (outcome) => {
      outcomes.push(outcome);
      return new URL("https://app.example/settings");
    };
    const page = await world.comeBack({ workspace: "acme", user: "ada" }, callback, { onAuthorization });
    expect([page.status, page.headers.get("location")]).toEqual([303, "https://app.example/settings"]);
    await world.comeBack({ workspace: "acme", user: "ada" }, callback, { onAuthorization });
    expect(outcomes).toMatchObject([
      { status: "connected", server: "mail" },
      { status: "failed", error: { code: "ARGUMENT_INVALID" } },
    ]);
  });
});

describe("a grant", () => {
  it("is refreshed once for a thousand calls that find it at its end, and every call succeeds", async () => {
    await using world = await start();
    await world.connect("ada");
    const ada = world.acme.as("ada");
    await ada.callTool(whoami);
    world.issuer.expire({ kind: "access_token" });
    const results = await Promise.all(Array.from({ length: 1_000 }, () => ada.callTool(whoami)));
    for (const result of results) expect(JSON.stringify(result)).toContain("ada-at-mail");
    expect(world.refreshes()).toHaveLength(1);
    expect(world.issuer.issued.filter(({ kind, uses }) => kind === "refresh_token" && uses > 1)).toEqual([]);
  });

  it("is refreshed within the limits that oauth() is given, well before the default ones", async () => {
    await using world = await start({ oauth: { limits: { refreshTimeoutMs: 100, refreshLeaseMs: 200 } } });
    await world.connect("ada");
    const ada = world.acme.as("ada");
    await ada.callTool(whoami);
    world.issuer.expire({ kind: "access_token" });
    world.issuer.faults.add({ kind: "hang" }, { grantType: "refresh_token" });
    expect(await failureOf(ada.callTool(whoami))).toMatchObject({ code: "AUTHORIZATION_REQUIRED" });
    expect(world.refreshes()).toHaveLength(1);
  }, 10_000);

  it.each([{ refreshLeaseMs: 15_000 }, { memoryMs: 0 }, { nonsense: 1 } as never])(
    "is not kept with the limits %j",
    (limits) => {
      expect(() => oauth({ limits })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    },
  );

  it("is over after `disconnect`, at the issuer too, and nobody else's is", async () => {
    await using world = await start();
    await world.connect("ada");
    await world.connect("bob");
    await world.acme.as("ada").callTool(whoami);
    await world.acme.as("bob").callTool(whoami);
    expect(await world.acme.disconnect("ada", "mail")).toEqual({ removed: true, revoked: true });
    expect(await failureOf(world.acme.as("ada").callTool(whoami))).toMatchObject({
      code: "AUTHORIZATION_REQUIRED",
    });
    expect(JSON.stringify(await world.acme.as("bob").callTool(whoami))).toContain("bob-at-mail");
    expect(await world.acme.disconnect("ada", "mail")).toEqual({ removed: false, revoked: false });
    expect(await world.acme.disconnect("ada", "nothing")).toEqual({ removed: false, revoked: false });
  });

  it("that takes another's place cuts no call that is under way", async () => {
    await using world = await start({
      server: {
        toolScopes: { echo: ["write"] },
        alterMetadata: ({ scopes_supported: _listed, ...document }) => document,
      },
      grantScopes: (requested) => requested,
      oauth: { revokeReplaced: true },
    });
    await world.connect("ada");
    const ada = world.acme.as("ada");
    await ada.callTool(whoami);
    const slow = ada.callTool({ server: "mail", tool: "sleep" }, { ms: 500 });
    const refusal = await failureOf(ada.callTool({ server: "mail", tool: "echo" }, { text: "hi" }));
    const { authorizationUrl } = refusal as TenantryError;
    const callback = await visit(authorizationUrl ?? new URL("about:blank"), { login: "ada-at-mail" });
    expect((await world.comeBack({ workspace: "acme", user: "ada" }, callback)).status).toBe(200);
    expect(world.issuer.issued.some(({ revoked }) => revoked)).toBe(false);
    await slow;
    await vi.waitFor(() => expect(liveGrants(world)).toBe(1));
    await ada.callTool({ server: "mail", tool: "echo" }, { text: "hi" });
  });

  it("is removed from a server that is defined no more, or whose slot is another by now", async () => {
    const later: TenantryOptions["servers"][] = [
      {},
      { mail: { url: "http://127.0.0.1:1/mcp", credential: oauth({ slot: "other" }) } },
    ];
    for (const servers of later) {
      const store = memoryStore();
      const lasting = {
        ...store,
        close: () => Promise.resolve(),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
      const instance = {
        store: lasting,
        sealer: sealWithKeys({ current: "k", keys: { k: new Uint8Array(32).fill(7) } }),
      };
      await using world = await start({ instance });
      await world.connect("ada");
      await using next = createTenantry({ ...instance, servers, publicUrl: "http://127.0.0.1:1/app" });
      expect(await next.workspace("acme").disconnect("ada", "mail")).toEqual({
        removed: true,
        revoked: false,
      });
      expect((await store.credentials.scan()).rows).toEqual([]);
    }
  });

  it("is gone with the person who is forgotten, as is one that was about to come", async () => {
    await using world = await start();
    const callback = await visit(await world.urlOf("ada"));
    await world.acme.forget("ada");
    expect((await world.comeBack({ workspace: "acme", user: "ada" }, callback)).status).toBe(400);
    await world.connect("ada");
    await world.acme.as("ada").callTool(whoami);
    await world.acme.forget("ada");
    expect(liveGrants(world)).toBe(0);
    expect(world.tenantry.stats().connections).toBe(0);
    expect(await failureOf(world.acme.as("ada").callTool(whoami))).toMatchObject({
      code: "AUTHORIZATION_REQUIRED",
    });
  });
});
