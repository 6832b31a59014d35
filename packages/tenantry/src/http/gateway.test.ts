import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { defaultTools, startFakeServer, startFetchServer, type FakeTool } from "@tenantry/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { bearer, createTenantry, fromContext, type TenantryOptions } from "../index.ts";
import { createHandler } from "./handler.ts";

const users: Readonly<
  Record<string, { readonly workspace: string; readonly user: string; readonly key: string }>
> = {
  "inbound-of-ada": { workspace: "acme", user: "ada", key: "upstream-of-ada" },
  "inbound-of-bob": { workspace: "acme", user: "bob", key: "upstream-of-bob" },
};

/** Who the host's own tokens say that somebody is, and what it holds for this user. */
function authenticate({ headers }: Request) {
  const known = users[headers.get("authorization")?.slice("Bearer ".length) ?? ""];
  return known && { workspace: known.workspace, user: known.user, context: { token: known.key } };
}

/** An instance behind a real HTTP server, with its gateway at `mcp`. */
async function served(options: (url: URL) => TenantryOptions) {
  let handle: (request: Request) => Promise<Response> = () =>
    Promise.resolve(new Response(null, { status: 503 }));
  const server = await startFetchServer((request) => handle(request));
  const tenantry = createTenantry({ publicUrl: server.url, ...options(server.url) });
  handle = createHandler(tenantry, { gateway: { authenticate } });
  onTestFinished(async () => {
    await tenantry.close();
    await server.close();
  });
  return { url: new URL("mcp", server.url), tenantry };
}

async function connected(url: URL, token: string, mode: "auto" | "legacy" = "auto"): Promise<Client> {
  const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
  const requestInit = { headers: { authorization: `Bearer ${token}`, "x-inbound": "header-of-ada" } };
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit }));
  onTestFinished(() => client.close());
  return client;
}

describe("the gateway of an instance", () => {
  it.for(["modern", "legacy"] as const)(
    "serves each user's view, of a %s server, to clients of both eras",
    async (era) => {
      const upstream = await startFakeServer({
        era,
        authenticate: {
          header: "authorization",
          keys: { "upstream-of-ada": "ada", "upstream-of-bob": "bob" },
        } as never,
      });
      onTestFinished(() => upstream.close());
      const { url } = await served(() => ({
        servers: { who: { url: upstream.url.href, credential: bearer(fromContext("token")) } },
      }));
      for (const mode of ["auto", "legacy"] as const)
        for (const user of ["ada", "bob"]) {
          const client = await connected(url, `inbound-of-${user}`, mode);
          expect((await client.listTools()).tools.map(({ name }) => name)).toContain("who__whoami");
          const { structuredContent } = await client.callTool({ name: "who__whoami" });
          expect(structuredContent).toMatchObject({ user });
        }
    },
  );

  it("AUTH-12: sends nothing upstream that a client has sent to authenticate itself", async () => {
    const upstream = await startFakeServer();
    onTestFinished(() => upstream.close());
    const { url } = await served(() => ({
      servers: { who: { url: upstream.url.href, credential: bearer(fromContext("token")) } },
    }));
    for (const mode of ["auto", "legacy"] as const) {
      const client = await connected(url, "inbound-of-ada", mode);
      await client.listTools();
      await client.callTool({ name: "who__echo", arguments: { text: "hello" } });
    }
    const traffic = JSON.stringify(upstream.requests);
    expect(traffic).toContain("upstream-of-ada");
    expect(traffic).not.toMatch(/inbound-of-ada|header-of-ada/u);
  });

  it("ISO-03: keeps two users apart who have the same key at a server that keeps state", async () => {
    const upstream = await startFakeServer({ era: "legacy" });
    onTestFinished(() => upstream.close());
    const { url } = await served(() => ({ servers: { one: { url: upstream.url.href } } }));
    const count = async (client: Client) => (await client.callTool({ name: "one__counter" })).content;
    const [ada, bob] = [await connected(url, "inbound-of-ada"), await connected(url, "inbound-of-bob")];
    await count(ada);
    expect(await count(ada)).toMatchObject([{ text: "2" }]);
    expect(await count(bob)).toMatchObject([{ text: "1" }]);
  });

  it("ISO-05: has what the host says of a user with each request, also of one who comes again and again", async () => {
    const upstream = await startFakeServer({
      authenticate: { header: "authorization", keys: { "key-1": "ada", "key-2": "ada" } } as never,
    });
    onTestFinished(() => upstream.close());
    // One object for all requests, as a careless host has it.
    const ada = { workspace: "acme", user: "ada", roles: ["caller"], context: { token: "key-1" } };
    const server = await startFetchServer((request) => handle(request));
    const tenantry = createTenantry({
      servers: { who: { url: upstream.url.href, credential: bearer(fromContext("token")) } },
      policy: { allow: [{ role: "caller" }] },
    });
    const handle = createHandler(tenantry, { gateway: { authenticate: () => ada, hosts: ["127.0.0.1"] } });
    onTestFinished(async () => {
      await tenantry.close();
      await server.close();
    });
    for (const mode of ["auto", "legacy"] as const) {
      Object.assign(ada, { roles: ["caller"], context: { token: "key-1" } });
      const client = await connected(new URL("mcp", server.url), "any", mode);
      const call = () => client.callTool({ name: "who__whoami" });
      const sent = () => upstream.requests.filter(({ rpc }) => rpc === "tools/call");
      for (let times = 0; times < 2; times++) await call();
      expect(sent().at(-1)?.headers["authorization"]).toBe("Bearer key-1");
      ada.context.token = "key-2";
      await call();
      expect(sent().at(-1)?.headers["authorization"]).toBe("Bearer key-2");
      const before = sent().length;
      ada.roles.pop();
      await expect(call()).rejects.toMatchObject({ code: -32_602 });
      expect((await client.listTools()).tools).toEqual([]);
      expect(sent()).toHaveLength(before);
    }
  });

  it("RTE-11: begins a lost session anew without its client, and runs nothing twice", async () => {
    let runs = 0;
    const [whoami] = defaultTools();
    const pay: FakeTool = {
      definition: { name: "pay", inputSchema: { type: "object" } },
      call: () => (runs++, { content: [{ type: "text", text: "paid" }] }),
    };
    const upstream = await startFakeServer({ era: "legacy", tools: [pay, ...(whoami ? [whoami] : [])] });
    onTestFinished(() => upstream.close());
    const { url } = await served(() => ({ servers: { shop: { url: upstream.url.href } } }));
    const client = await connected(url, "inbound-of-ada", "legacy");
    await client.callTool({ name: "shop__pay" });
    await upstream.forgetSessions();
    expect((await client.callTool({ name: "shop__pay" })).content).toMatchObject([{ text: "paid" }]);
    expect(runs).toBe(2);
    upstream.faults.add({ kind: "reset", afterWork: true }, { tool: "pay", times: 1 });
    await expect(client.callTool({ name: "shop__pay" })).rejects.toMatchObject({
      code: -32_603,
      data: { code: "DELIVERY_UNKNOWN", retryable: false },
    });
    expect(runs).toBe(3);
  });

  it("RTE-12: finds out that a server is the instance itself, at once", async () => {
    const { url } = await served((own) => ({
      servers: {
        own: { url: new URL("mcp", own).href, headers: { authorization: "Bearer inbound-of-ada" } },
        legacy: {
          url: new URL("mcp", own).href,
          era: "legacy",
          headers: { authorization: "Bearer inbound-of-ada" },
        },
      },
    }));
    const client = await connected(url, "inbound-of-ada");
    const failure: unknown = await client.listTools().catch((reason: unknown) => reason);
    expect(failure).toMatchObject({ code: -32_603, data: { retryable: false } });
    expect(failure).not.toMatchObject({ data: { code: "TIMEOUT" } });
  });

  it("ends its streams with the instance", async () => {
    const { url, tenantry } = await served(() => ({ servers: {} }));
    const client = await connected(url, "inbound-of-ada");
    const { closed } = await client.listen({ toolsListChanged: true });
    await tenantry.close();
    await closed;
    const answer = await fetch(url, { method: "POST", headers: { authorization: "Bearer inbound-of-ada" } });
    expect(answer.status).toBe(503);
    await client.close();
  });

  it("is not there without its options, and wants to know its hosts and its users", async () => {
    await using tenantry = createTenantry({ servers: {} });
    const identify = () => undefined;
    const handle = createHandler(tenantry, { identify });
    expect((await handle(new Request("https://a.example/mcp", { method: "POST" }))).status).toBe(404);
    const invalid = expect.objectContaining({ code: "CONFIG_INVALID" });
    expect(() => createHandler(tenantry, { gateway: { authenticate } })).toThrow(invalid);
    expect(() => createHandler(tenantry, { gateway: { hosts: ["a.example"] } as never })).toThrow(invalid);
    const served = createHandler(tenantry, { gateway: { authenticate, hosts: ["a.example"] } });
    expect((await served(new Request("https://a.example/mcp", { method: "POST" }))).status).toBe(401);
    expect((await served(new Request("https://b.example/mcp", { method: "POST" }))).status).toBe(403);
    expect((await served(new Request("https://a.example/oauth/callback?state=x"))).status).toBe(401);
  });
});
