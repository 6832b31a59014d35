import { startFakeServer } from "@tenantry/testing";
import { startAuthorizationServer, visit } from "@tenantry/testing/oauth";
import { describe, expect, it } from "vitest";
import { createHandler, type HandlerOptions, type Visitor } from "./http.ts";
import { createTenantry, oauth, TenantryError } from "./index.ts";

/** An issuer, a server that takes its tokens, and an instance that knows of the server only. */
async function start(limits: NonNullable<Parameters<typeof oauth>[0]>["limits"] = {}) {
  const parts = new AsyncDisposableStack();
  const issuer = parts.use(await startAuthorizationServer());
  const mail = parts.use(await startFakeServer({ authenticate: { authorizationServer: issuer } }));
  const tenantry = parts.use(
    createTenantry({
      servers: { mail: { url: mail.url.href, credential: oauth({ limits }) } },
      publicUrl: "http://127.0.0.1:1/app",
      allow: ["127.0.0.1"],
    }),
  );
  const acme = tenantry.workspace("acme");
  const urlOf = async (user: string): Promise<URL> => {
    const [status] = await acme.as(user).servers();
    if (status?.status === "needs_authorization" && status.url !== undefined) return status.url;
    throw new Error(`There is no page for ${user}: ${status?.status ?? "no server"}.`);
  };
  const comeBack = async (visitor: Visitor | undefined, callback: URL, more: Partial<HandlerOptions> = {}) =>
    createHandler(tenantry, { identify: () => visitor, ...more })(new Request(callback));
  const connect = async (user: string) => {
    const callback = await visit(await urlOf(user), { login: `${user}-at-mail` });
    return comeBack({ workspace: "acme", user }, callback);
  };
  const refreshes = () => issuer.requests.filter(({ grantType }) => grantType === "refresh_token");
  return {
    ...{ issuer, mail, tenantry, acme, urlOf, comeBack, connect, refreshes },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

const whoami = { server: "mail", tool: "whoami" } as const;
const failureOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

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
    await using world = await start({ refreshTimeoutMs: 100, refreshLeaseMs: 200 });
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

  it("is gone with the person who is forgotten", async () => {
    await using world = await start();
    await world.connect("ada");
    await world.acme.as("ada").callTool(whoami);
    await world.acme.forget("ada");
    expect(world.tenantry.stats().connections).toBe(0);
    expect(await failureOf(world.acme.as("ada").callTool(whoami))).toMatchObject({
      code: "AUTHORIZATION_REQUIRED",
    });
  });
});
