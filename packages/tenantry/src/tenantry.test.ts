import { execFile } from "node:child_process";
import { join } from "node:path";
import { inspect, promisify } from "node:util";
import { parseDefinition, secret, TenantryError, type Secret, type ServerDefinition } from "@tenantry/core";
import { inMemoryServer, startFakeServer, stdioServerPath } from "@tenantry/testing";
import { describe, expect, it } from "vitest";
import {
  bearer,
  createTenantry,
  env,
  fromContext,
  fromStatic,
  header,
  oauth,
  type TenantryOptions,
} from "./index.ts";

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

  it.each<[string, unknown, RegExp]>([
    ["no options", null, /options: expected a plain object/u],
    ["a map of options", new Map(), /options: expected a plain object/u],
    [
      "a clock without functions",
      { clock: {} },
      /clock: expected an object with the functions now and after/u,
    ],
    ["no clock", { clock: null }, /clock: expected/u],
    ["a number for fetch", { fetch: 5 }, /fetch: expected a function/u],
    ["text for clientInfo", { clientInfo: "host" }, /clientInfo: expected \{ name, version \}/u],
    ["clientInfo without text", { clientInfo: { name: 5, version: "1" } }, /clientInfo: expected/u],
    ["clientInfo without a version", { clientInfo: { name: "host" } }, /clientInfo: expected/u],
    ["a map of servers", { servers: new Map() }, /servers: expected a plain object/u],
    ["a list of servers", { servers: [] }, /servers: expected a plain object/u],
    ["a map of workspaces", { workspaces: new Map() }, /workspaces: expected a plain object/u],
    ["a map of limits", { limits: new Map() }, /limits: expected a plain object/u],
    [
      "no servers in a workspace",
      { workspaces: { a: { servers: null } } },
      /workspaces\.a\.servers: expected/u,
    ],
  ])("refuses %s", (_, options, message) => {
    expect(refusal(options as TenantryOptions)).toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringMatching(message) as string,
    });
  });

  it("takes undefined for every default", async () => {
    const limits = { maxConnections: undefined, maxListSize: undefined, maxDepth: undefined };
    const servers = { notes: { url: "https://mcp.example.com", credential: undefined, headers: undefined } };
    const rest = { fetch: undefined, clientInfo: undefined, clock: undefined };
    await using tenantry = createTenantry({ servers, workspaces: undefined, limits, ...rest });
    await using bare = createTenantry({ servers: undefined, workspaces: { acme: { servers: undefined } } });
    tenantry.workspace("acme").as({ user: "ada", session: undefined }, undefined);
    expect(await bare.workspace("acme").as("ada").listTools()).toEqual({ tools: [], unavailable: [] });
  });

  describe("refuses a credential", () => {
    const url = "https://mcp.example.com";
    const command = "node";
    const connect = () => Promise.reject(new Error("It was opened."));
    const shared = header("x-key", fromStatic("hunter2"));
    const [token, key] = [bearer(fromContext("token")), env("KEY", fromContext("key"))];
    it.each<[string, object, string, RegExp]>([
      ["list that is empty", { url, credential: [] }, "credential", /leave it out/u],
      ["of a header for a command", { command, credential: token }, "credential", /use env\("NAME", …\)/u],
      ["of a header in process", { connect, credential: [key, token] }, "credential.1", /use env/u],
      ["of a variable for a url", { url, credential: key }, "credential", /use bearer\(\) or header\(\)/u],
      ["of a variable to list with", { url, discovery: key }, "discovery", /use bearer\(\) or header\(\)/u],
      [
        "of a variable that env has",
        { command, env: { KEY: "hunter2" }, credential: [key] },
        "credential.0",
        /"KEY", which env has already; keep one/u,
      ],
      [
        "of a user's own that all would share",
        { url, share: "everyone", credential: [shared, oauth()] },
        "credential.1",
        /use clientCredentials\(\), or share: "user"/u,
      ],
      [
        "of a user's own in a workspace's",
        { url, share: "workspace", credential: oauth() },
        "credential",
        /would share it/u,
      ],
      ["of a user's own to list with", { url, discovery: oauth() }, "discovery", /before there is one/u],
      ["that comes twice", { url, credential: [token, token] }, "credential.1", /"authorization" again/u],
    ])("%s", (_, definition, path, message) => {
      const servers = { notes: definition as ServerDefinition };
      for (const [options, prefix] of [
        [{ servers }, ""],
        [{ workspaces: { acme: { servers } } }, "workspaces.acme."],
      ] as const) {
        const error = refusal(options);
        expect(error).toMatchObject({ code: "DEFINITION_INVALID" });
        expect(error.message).toContain(`${prefix}servers.notes.${path}: `);
        expect(error.message).toMatch(message);
        expect(error.message).not.toContain("hunter2");
      }
    });

    it("never, where it does not tell what it sets", async () => {
      const { bind } = bearer(fromContext("token"));
      const sets = "everything";
      await using _ = createTenantry({
        servers: {
          one: { command, credential: { bind } },
          two: { command, credential: { bind, sets } as never },
        },
      });
    });
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

  it("refuses a variable that the definition and a credential that does not tell both set", async () => {
    const { bind } = env("USER_KEY", fromContext("key"));
    const definition = {
      command: process.execPath,
      args: [stdioServerPath],
      env: { USER_KEY: "everybody's" },
      credential: { bind },
    };
    await using tenantry = createTenantry({ servers: { local: definition } });
    const call = tenantry.workspace("acme").as("ada", { key: "key-of-ada" }).callTool("local__whoami");
    await expect(call).rejects.toMatchObject({ code: "CREDENTIAL_INVALID", slot: "USER_KEY" });
  });

  it("gives nothing that can be made to act for somebody else", async () => {
    await using server = await startFakeServer();
    await using tenantry = createTenantry({ servers: { notes: { url: server.url } } });
    const acme = tenantry.workspace("acme");
    const ada = acme.as("ada");
    const bob = acme.as("bob");
    for (const [object, member] of [
      [tenantry, "workspace"],
      [tenantry, "close"],
      [acme, "id"],
      [acme, "as"],
      [acme.discovery(), "listTools"],
      [ada, "principal"],
      [ada, "callTool"],
      [Object.getPrototypeOf(ada), "callTool"],
      [ada.principal, "user"],
    ] as [object, string][]) {
      expect(() => Object.assign(object, { [member]: bob.principal })).toThrow(TypeError);
      expect(() => Object.assign(object, { added: 1 })).toThrow(TypeError);
    }
    expect(ada.principal).toEqual({ workspace: "acme", user: "ada" });
  });

  it("lets what others wrote lead only where it is allowed to", async () => {
    await using server = await startFakeServer();
    const notes = parseDefinition({ url: server.url.href });
    await using strict = createTenantry({ servers: { notes } });
    const refused = strict.workspace("acme").as("ada").callTool("notes__echo");
    await expect(refused).rejects.toMatchObject({ code: "ADDRESS_REFUSED", delivery: "unsent" });
    expect(server.requests).toEqual([]);
    await using lenient = createTenantry({ servers: { notes }, allow: ["127.0.0.0/8"] });
    const called = await lenient.workspace("acme").as("ada").callTool("notes__echo", { text: "hi" });
    expect(called.content).toMatchObject([{ text: "hi" }]);
    const wrong = () => createTenantry({ allow: ["http://10.0.0.1"] });
    expect(wrong).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }) as Error);
  });

  it("refuses an address with a key that there is not, which may be a misspelt session", async () => {
    await using tenantry = createTenantry({});
    const acme = tenantry.workspace("acme");
    for (const [address, message] of [
      [{ user: "ada", sesion: "one" }, /no "sesion"; give a name, or \{ user, session \}/u],
      [["ada"], /no "0"/u],
      [new Map([["user", "ada"]]), /user is undefined/u],
    ] as const) {
      const refused = expect.objectContaining({ code: "PRINCIPAL_INVALID" }) as Error;
      expect(() => acme.as(address as never)).toThrow(refused);
      expect(() => acme.as(address as never)).toThrow(message);
    }
  });

  it.each([[new Map()], [5], [null], [[]]])("refuses the context %o", async (context) => {
    await using tenantry = createTenantry({});
    expect(() => tenantry.workspace("acme").as("ada", context as object)).toThrow(
      expect.objectContaining({ code: "ARGUMENT_INVALID" }),
    );
  });

  it("takes a context and arguments of an interface", async () => {
    interface Text {
      readonly text: string;
    }
    const text: Text = { text: "hello" };
    await using server = await startFakeServer();
    await using tenantry = createTenantry({ servers: { notes: { url: server.url } } });
    const { content } = await tenantry.workspace("acme").as("ada", text).callTool("notes__echo", text);
    expect(content).toEqual([{ type: "text", text: "hello" }]);
  });

  it.each([
    ["listTools", "(await ada.listTools({ timeoutMs: 50 })).unavailable[0].error"],
    ["callTool", 'await ada.callTool("slow__a", {}, { timeoutMs: 50 }).catch((error) => error)'],
    ["a credential's own time", 'await ada.callTool("asking__a").catch((error) => error.cause)'],
  ])("keeps the process alive for a caller who waits: %s", async (_, expression) => {
    const script = `
      import { createTenantry, env, fromFunction } from "tenantry";
      const never = () => new Promise(() => {});
      const credential = env("KEY", fromFunction(never, { timeoutMs: 50 }));
      const tenantry = createTenantry({
        servers: { slow: { connect: never }, asking: { connect: never, credential } },
      });
      const ada = tenantry.workspace("acme").as("ada");
      console.log((${expression}).code);
      // What the connection leaves behind may take longer to be cleaned up.
      process.exit();`;
    const args = ["--input-type=module", "--eval", script];
    const options = { cwd: join(import.meta.dirname, ".."), timeout: 20_000 };
    await expect(promisify(execFile)(process.execPath, args, options)).resolves.toMatchObject({
      stdout: "TIMEOUT\n",
    });
  });

  it("shows nothing of a definition's env that a child writes to its stderr", async () => {
    const script =
      "console.error(process.env.API_KEY + ' was refused, level ' + process.env.LEVEL); process.exit(1)";
    const definition = {
      command: process.execPath,
      args: ["-e", script],
      env: { API_KEY: "hunter2", LEVEL: "1" },
    };
    await using tenantry = createTenantry({ servers: { local: definition } });
    const failure: unknown = await tenantry
      .workspace("acme")
      .as("ada")
      .callTool("local__whoami")
      .catch((error: unknown) => error);
    const shown = inspect(failure, { depth: 10, showHidden: true });
    expect(shown).toContain("[redacted] was refused, level 1");
    expect(shown).not.toContain("hunter2");
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
