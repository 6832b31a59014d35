import { secret, TenantryError, type Secret } from "@tenantry/core";
import { inMemoryServer, startFakeServer, stdioServerPath } from "@tenantry/testing";
import { describe, expect, it } from "vitest";
import { createTenantry, env, fromContext, fromStatic, header, type TenantryOptions } from "./index.ts";

const keys = { "key-of-ada": "ada", "key-of-bob": "bob" };

function refusal(options: TenantryOptions): TenantryError {
  try {
    createTenantry(options);
  } catch (error) {
    if (error instanceof TenantryError) return error;
    throw error;
  }
  throw new Error("It was accepted.");
}

describe("createTenantry", () => {
  it("opens nothing before the first call", async () => {
    await using server = await startFakeServer();
    await using tenantry = createTenantry({ servers: { notes: { url: server.url } } });
    tenantry.workspace("acme").as("ada");
    expect(tenantry.stats()).toMatchObject({ connections: 0, sockets: 0 });
    expect(server.requests).toEqual([]);
  });

  it.each<[string, object, string, RegExp]>([
    ["an option", { server: {} }, "CONFIG_INVALID", /no option "server"; there are servers, workspaces/u],
    ["a limit", { limits: { maxConnection: 1 } }, "CONFIG_INVALID", /maxConnection/u],
  ])("refuses %s that does not exist", (_, options, code, message) => {
    expect(refusal(options)).toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  it("names the workspace of a malformed definition", () => {
    const options = { workspaces: { acme: { servers: { wiki: { url: "ftp://x" } } } } };
    expect(refusal(options)).toMatchObject({
      code: "DEFINITION_INVALID",
      message: expect.stringContaining("workspaces.acme.servers.wiki.url") as string,
    });
  });

  it("gives a workspace its own servers beside the template's, and in place of one of the same name", async () => {
    await using template = await startFakeServer();
    await using own = await startFakeServer();
    await using tenantry = createTenantry({
      servers: { notes: { url: template.url }, wiki: { url: template.url } },
      workspaces: { acme: { servers: { wiki: { url: own.url } } }, globex: {} },
    });
    for (const workspace of ["acme", "globex"]) {
      await tenantry.workspace(workspace).as("ada").callTool({ server: "wiki", tool: "whoami" });
    }
    const calls = [own, template].map(
      ({ requests }) => requests.filter(({ tool }) => tool === "whoami").length,
    );
    expect(calls).toEqual([1, 1]);
    expect(() => tenantry.workspace("initech")).toThrow(
      expect.objectContaining({ code: "WORKSPACE_UNKNOWN" }),
    );
  });

  it("sends several credentials of one definition together", async () => {
    await using server = await startFakeServer();
    const credential = [header("x-tenant", fromStatic("acme")), header("x-api-key", fromContext("key"))];
    await using tenantry = createTenantry({ servers: { notes: { url: server.url, credential } } });
    await tenantry
      .workspace("acme")
      .as("ada", { key: secret("key-of-ada") })
      .callTool("notes__whoami");
    expect(server.requests.at(-1)?.headers).toMatchObject({ "x-tenant": "acme", "x-api-key": "key-of-ada" });
  });

  it("refuses a variable that the definition and the credential both set", async () => {
    const definition = {
      command: process.execPath,
      args: [stdioServerPath],
      env: { USER_KEY: "everybody's" },
      credential: env("USER_KEY", fromContext("key")),
    };
    await using tenantry = createTenantry({ servers: { local: definition } });
    const call = tenantry.workspace("acme").as("ada", { key: "key-of-ada" }).callTool("local__whoami");
    await expect(call).rejects.toMatchObject({ code: "CREDENTIAL_INVALID", slot: "USER_KEY" });
  });

  it("keeps two conversations of one user apart", async () => {
    const memory = inMemoryServer({ authenticate: { variable: "KEY", keys } });
    const definition = { connect: memory.connect, credential: env("KEY", fromContext("key")) };
    await using tenantry = createTenantry({ servers: { memory: definition } });
    const count = async (session: string) => {
      const client = tenantry.workspace("acme").as({ user: "ada", session }, { key: "key-of-ada" });
      return (await client.callTool("memory__counter")).structuredContent;
    };
    expect([await count("one"), await count("two"), await count("one")]).toEqual([
      { count: 1 },
      { count: 1 },
      { count: 2 },
    ]);
  });

  it("names a secret differently in every instance", async () => {
    const seen: unknown[] = [];
    const credential = {
      bind: ({ fingerprint }: { fingerprint: (text: string) => string }) => {
        seen.push(fingerprint("key-of-ada"), fingerprint("key-of-ada"));
        return { resolve: () => Promise.resolve(undefined) };
      },
    };
    for (let copy = 0; copy < 2; copy++) {
      await using _ = createTenantry({ servers: { notes: { url: "https://mcp.example.com", credential } } });
    }
    expect(seen[0]).toBe(seen[1]);
    expect(seen[0]).not.toBe(seen[2]);
    expect(seen).not.toContain("key-of-ada" as unknown as Secret);
  });
});
