// Whatever is wrong, in a definition, a call or a server, is told as one typed error that says where and what to do.
// It comes within its deadline, keeps its cause, repeats no value, leaves nothing running, and is not remembered.
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { manualClock, startFakeServer, stdioServerPath } from "@tenantry/testing";
import {
  bearer,
  createTenantry,
  fromContext,
  parseDefinition,
  type ServerDefinition,
  type TenantryOptions,
} from "tenantry";
import { afterAll, describe, expect, it } from "vitest";
import { codesOf, failureOf, thrownBy, until } from "./fixture/outcome.ts";
import { marker, runningWith } from "./fixture/processes.ts";
import { freePort, startWireServer } from "./fixture/wire-server.ts";

const folder = await mkdtemp(join(tmpdir(), "tenantry-bad-input-"));
afterAll(() => rm(folder, { recursive: true }));

const eras = ["legacy", "modern"] as const;
const url = "https://mcp.example.com/mcp";
const host = (notes: ServerDefinition, more: TenantryOptions = {}) =>
  createTenantry({ servers: { notes }, ...more });

describe("a malformed definition", () => {
  it.each<[string, unknown, string, RegExp]>([
    ["is text", "hunter2", "servers.notes", /an object with exactly one of url, command, connect/u],
    ["is empty", {}, "servers.notes", /exactly one of url, command, connect/u],
    ["is of two kinds", { url, command: "hunter2" }, "servers.notes", /exactly one of/u],
    ["has a URL of another scheme", { url: "ftp://hunter2" }, "servers.notes.url", /http or https URL/u],
    ["has a password in its URL", { url: "https://a:hunter2@b.example" }, "servers.notes.url", /password/u],
    ["has an empty command", { command: "", env: { KEY: "hunter2" } }, "servers.notes.command", /a command/u],
    ["has text for arguments", { command: "node", args: "hunter2" }, "servers.notes.args", /array/u],
    [
      "has a NUL in an argument",
      { command: "node", args: ["-v", "hunter2\0"] },
      "servers.notes.args.1",
      /text without NUL/u,
    ],
    [
      "has a variable without a name",
      { command: "node", env: { "": "hunter2" } },
      "servers.notes.env",
      /environment variable/u,
    ],
    [
      "has a number for a folder",
      { command: "node", cwd: 7, args: ["hunter2"] },
      "servers.notes.cwd",
      /string/u,
    ],
    ["has text for a function", { connect: "hunter2" }, "servers.notes.connect", /a function/u],
    [
      "has a key for a credential",
      { url, credential: "hunter2" },
      "servers.notes.credential",
      /a credential/u,
    ],
    [
      "has a header of the protocol",
      { url, headers: { Host: "hunter2" } },
      "servers.notes.headers",
      /belongs to/u,
    ],
    [
      "has a line break in a header",
      { url, headers: { "x-key": "hunter2\r\nx: y" } },
      "servers.notes.headers",
      /a line break/u,
    ],
    ["has an unknown way to be shared", { url, share: "hunter2" }, "servers.notes.share", /"user"/u],
    ["has an unknown era", { url, era: "hunter2" }, "servers.notes.era", /"legacy"/u],
    ["has a negative time-out", { url, timeoutMs: -1 }, "servers.notes.timeoutMs", />0/u],
    ["has a field that there is not", { url, tokn: "hunter2" }, "servers.notes", /unknown key "tokn"/u],
  ])(
    "that %s names its path and what was expected, and repeats no value",
    async (_, definition, path, expected) => {
      const servers = { notes: definition as ServerDefinition };
      for (const [options, prefix] of [
        [{ servers }, ""],
        [{ workspaces: { acme: { servers } } }, "workspaces.acme."],
      ] as const) {
        const error = await thrownBy(() => createTenantry(options));
        expect(error.code).toBe("DEFINITION_INVALID");
        expect(error.message).toContain(`${prefix}${path}`);
        expect(error.message).toMatch(expected);
        expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("hunter2");
      }
    },
  );

  it.each(["", " ", "a\nb", "x".repeat(129)])("refuses the server id %j", async (id) => {
    const error = await thrownBy(() => createTenantry({ servers: { [id]: { url } } }));
    expect(error.code).toBe("DEFINITION_INVALID");
  });
});

describe("an unknown option", () => {
  it.each<[string, object, string]>([
    ["at the top", { server: {} }, "server"],
    ["among the limits", { limits: { maxConections: 1 } }, "maxConections"],
    ["of a workspace", { workspaces: { acme: { server: {} } } }, "server"],
  ])("%s is named", async (_, options, name) => {
    const error = await thrownBy(() => createTenantry(options));
    expect(error.code).toBe("CONFIG_INVALID");
    expect(error.message).toContain(name);
  });

  it.each<[string, object]>([
    ["nothing for a workspace", { workspaces: { acme: null } }],
    ["nothing for the workspaces", { workspaces: null }],
    ["text for the servers", { servers: "notes" }],
    ["a negative limit", { limits: { maxConnections: -1 } }],
    ["text for a limit", { limits: { maxDepth: "deep" } }],
    ["nothing for the limits", { limits: null }],
  ])("and so is %s", async (_, options) => {
    const error = await thrownBy(() => createTenantry(options));
    expect(["CONFIG_INVALID", "DEFINITION_INVALID"]).toContain(error.code);
  });
});

describe("what is unknown or missing", () => {
  it("is a typed error, and nothing is sent", async () => {
    await using server = await startFakeServer();
    await using tenantry = host({ url: server.url }, { workspaces: { acme: {} } });
    const acme = tenantry.workspace("acme");
    const ada = acme.as("ada");

    expect((await thrownBy(() => tenantry.workspace("globex"))).code).toBe("WORKSPACE_UNKNOWN");
    expect((await thrownBy(() => tenantry.workspace(""))).code).toBe("PRINCIPAL_INVALID");
    for (const user of [
      undefined,
      null,
      "",
      "  ",
      7,
      {},
      { user: "" },
      { user: "ada", session: "" },
      "\ud800",
    ]) {
      expect((await thrownBy(() => acme.as(user as string))).code).toBe("PRINCIPAL_INVALID");
    }
    expect((await failureOf(ada.callTool("wiki__search"))).code).toBe("TOOL_UNKNOWN");
    expect((await failureOf(ada.callTool({ server: "wiki", tool: "search" }))).code).toBe("TOOL_UNKNOWN");
    for (const address of [undefined, null, 7, {}, { server: "notes" }]) {
      expect((await failureOf(ada.callTool(address as string))).code).toBe("ARGUMENT_INVALID");
    }
    const oddArguments = [null, [], "text", { a: 1n }, { a: () => {} }, { a: Number.NaN }, new Map()];
    for (const args of oddArguments) {
      expect((await failureOf(ada.callTool("notes__echo", args as never))).code).toBe("ARGUMENT_INVALID");
    }
    for (const timeoutMs of [0, -1, Number.NaN, Infinity, "soon"]) {
      const options = { timeoutMs: timeoutMs as number };
      expect((await failureOf(ada.callTool("notes__echo", {}, options))).code).toBe("ARGUMENT_INVALID");
      expect((await failureOf(ada.listTools(options))).code).toBe("ARGUMENT_INVALID");
    }
    expect(server.requests).toEqual([]);

    expect((await failureOf(ada.callTool("notes__nothing"))).code).toBe("TOOL_UNKNOWN");
    expect(server.requests.filter(({ rpc }) => rpc === "tools/call")).toEqual([]);
  });

  it("is a missing credential, before anything is sent", async () => {
    await using server = await startFakeServer();
    await using tenantry = host({ url: server.url, credential: bearer(fromContext("token")) });
    const error = await failureOf(tenantry.workspace("acme").as("ada").callTool("notes__echo"));
    expect(error).toMatchObject({ code: "CREDENTIAL_MISSING", server: "notes", delivery: "unsent" });
    expect(server.requests).toEqual([]);
  });
});

describe("an argument that the server's schema rejects", () => {
  it.each(eras)("comes back as the tool's own error from a %s server", async (era) => {
    await using server = await startFakeServer({ era });
    await using tenantry = host({ url: server.url });
    const result = await tenantry.workspace("acme").as("ada").callTool("notes__add", { a: "one", b: 2 });
    expect(result.isError).toBe(true);
    expect(result.content).toEqual([{ type: "text", text: expect.stringMatching(/^Invalid arguments: /u) }]);
  });

  it("comes back untouched from a legacy server that answers with a JSON-RPC error", async () => {
    const rpc = {
      code: -32602,
      message: "text\u0000 is \u202e bad",
      data: { path: ["a"], got: { deep: [1, null] } },
    };
    await using server = await startWireServer(({ message, json }) =>
      json({ jsonrpc: "2.0", id: message.id, error: rpc }),
    );
    await using tenantry = host({ url: server.url, era: "legacy" });
    const call = tenantry
      .workspace("acme")
      .as("ada")
      .callTool({ server: "notes", tool: "add" }, { a: "one" });
    const error = await failureOf(call);
    expect(error).toMatchObject({ code: "SERVER_ERROR", delivery: "answered", retryable: false });
    expect(error.rpc).toEqual(rpc);
    expect(error.message).not.toMatch(/[\u0000\u202e]/u);
    expect(server.messages.filter(({ method }) => method === "tools/call")).toHaveLength(1);
  });
});

describe("a server that cannot be opened", { timeout: 30_000 }, () => {
  it("because its command does not exist is SPAWN_FAILED, and is started once it does", async () => {
    const command = join(folder, "server.sh");
    const mark = marker();
    await using tenantry = host({ command, args: [mark] });
    const ada = tenantry.workspace("acme").as("ada");

    const error = await failureOf(ada.callTool("notes__echo"));
    expect(error).toMatchObject({ code: "SPAWN_FAILED", delivery: "unsent" });
    expect(codesOf(error)).toEqual(["SPAWN_FAILED", "ENOENT"]);
    expect(tenantry.stats().connections).toBe(0);

    await writeFile(command, `#!/bin/sh\nexec ${process.execPath} ${stdioServerPath} "$@"\n`, {
      mode: 0o755,
    });
    await expectEcho(ada);
    expect(runningWith(mark)).toHaveLength(1);
    await tenantry.close();
    expect(runningWith(mark)).toEqual([]);
  });

  it("because its folder does not exist is SPAWN_FAILED, and is started once it does", async () => {
    const cwd = join(folder, "later");
    await using tenantry = host({ command: process.execPath, args: [stdioServerPath], cwd });
    const ada = tenantry.workspace("acme").as("ada");

    const error = await failureOf(ada.callTool("notes__echo"));
    expect(error.code).toBe("SPAWN_FAILED");
    expect(error.message).toContain("folder");
    expect(error.cause).toBeDefined();
    expect(tenantry.stats().connections).toBe(0);

    await mkdir(cwd);
    await expectEcho(ada);
  });

  it("because it dies during its handshake is HANDSHAKE_FAILED at once, with the exit as its cause", async () => {
    const flag = join(folder, "may-live");
    const script = `
      const { existsSync } = require("node:fs");
      if (existsSync(${JSON.stringify(flag)})) import(${JSON.stringify(stdioServerPath)});
      else process.stdin.once("data", () => { console.error("no licence"); process.exit(3); });`;
    const mark = marker();
    // Time stands still: an error that came of a deadline would never come.
    await using tenantry = host(
      { command: process.execPath, args: ["-e", script, "--", mark] },
      { clock: manualClock() },
    );
    const ada = tenantry.workspace("acme").as("ada");

    const error = await failureOf(ada.callTool("notes__echo"));
    expect(codesOf(error).slice(0, 2)).toEqual(["HANDSHAKE_FAILED", "CONNECTION_LOST"]);
    expect(inspect(error.cause, { depth: 5 })).toMatch(/exited with code 3.*no licence/su);
    expect(tenantry.stats().connections).toBe(0);
    expect(runningWith(mark)).toEqual([]);

    await writeFile(flag, "");
    await expectEcho(ada);
  });

  it("because it never answers the handshake is TIMEOUT within the limit, and its process is ended", async () => {
    const clock = manualClock();
    const mark = marker();
    const args = ["-e", "process.stdin.resume()", "--", mark];
    await using tenantry = host(
      { command: process.execPath, args },
      { clock, limits: { handshakeTimeoutMs: 5_000 } },
    );
    const failed = failureOf(tenantry.workspace("acme").as("ada").callTool("notes__echo"));
    await until(() => runningWith(mark).length === 1);
    await clock.advance(5_000);

    expect(await failed).toMatchObject({ code: "TIMEOUT", delivery: "unsent", retryable: true });
    expect(tenantry.stats().connections).toBe(0);
    await until(() => runningWith(mark).length === 0);
  });

  it.each(eras)(
    "because a %s server never answers the handshake is TIMEOUT, and works once it does",
    async (era) => {
      const clock = manualClock();
      await using server = await startFakeServer({ era });
      const hang = server.faults.add({ kind: "hang" });
      await using tenantry = host({ url: server.url }, { clock, limits: { handshakeTimeoutMs: 5_000 } });
      const ada = tenantry.workspace("acme").as("ada");
      const failed = failureOf(ada.callTool("notes__echo"));
      await until(() => server.requests.length === 2);
      await clock.advance(5_000);
      // A session that is made late would be given back, so that it is waited for a little longer.
      await clock.advance(2_000);

      expect(await failed).toMatchObject({ code: "TIMEOUT", delivery: "unsent", retryable: true });
      expect(tenantry.stats()).toMatchObject({ connections: 0, waiting: 0 });
      await until(() => server.openSockets === 0);

      hang[Symbol.dispose]();
      await expectEcho(ada);
    },
  );

  it("because nobody listens is CONNECT_FAILED, and works once somebody does", async () => {
    const port = await freePort();
    await using tenantry = host({ url: `http://127.0.0.1:${port}/mcp` }, { clock: manualClock() });
    const ada = tenantry.workspace("acme").as("ada");

    const error = await failureOf(ada.callTool({ server: "notes", tool: "echo" }));
    expect(error).toMatchObject({ code: "CONNECT_FAILED", delivery: "unsent", retryable: true });
    expect(codesOf(error)).toEqual(["CONNECT_FAILED", "ECONNREFUSED"]);
    expect(tenantry.stats()).toMatchObject({ connections: 0, sockets: 0 });

    await using _server = await startWireServer(({ result }) => result({ content: [] }), { port });
    expect(await ada.callTool({ server: "notes", tool: "echo" })).toEqual({ content: [] });
  });

  it("because it is no MCP server is HANDSHAKE_FAILED", async () => {
    await using server = await startFakeServer();
    server.faults.add({
      kind: "answer",
      status: 200,
      headers: { "content-type": "text/html" },
      body: "<p>Hi</p>",
    });
    await using tenantry = host({ url: server.url });
    const error = await failureOf(tenantry.workspace("acme").as("ada").callTool("notes__echo"));
    expect(error.code).toBe("HANDSHAKE_FAILED");
    expect(error.cause).toBeDefined();
    expect(tenantry.stats().connections).toBe(0);
  });
});

describe("a definition that the host's own code did not write", () => {
  it.each([
    ["the loopback address", "127.0.0.1"],
    ["a name of it", "localhost"],
    ["the loopback address in hexadecimal", "0x7f000001"],
    ["the loopback address within IPv6", "[::ffff:127.0.0.1]"],
    ["a cloud's metadata address", "169.254.169.254"],
  ])("does not lead to %s: ADDRESS_REFUSED, and no request", async (_, hostname) => {
    await using server = await startFakeServer();
    const foreign = new URL(server.url);
    foreign.hostname = hostname;
    await using tenantry = host(parseDefinition({ url: foreign.href }));
    const ada = tenantry.workspace("acme").as("ada");

    expect((await failureOf(ada.callTool("notes__echo"))).code).toBe("ADDRESS_REFUSED");
    const { tools, unavailable } = await ada.listTools();
    expect(tools).toEqual([]);
    expect(unavailable.map(({ error }) => error.code)).toEqual(["ADDRESS_REFUSED"]);
    expect(server.requests).toEqual([]);
    expect(server.openSockets).toBe(0);
  });

  it("names no command", async () => {
    const error = await thrownBy(() => host(parseDefinition({ command: "true", args: ["hunter2"] })));
    expect(error.code).toBe("DEFINITION_INVALID");
    expect(error.message).toContain("servers.notes");
    expect(error.message).not.toContain("hunter2");
  });
});

async function expectEcho(client: { callTool(tool: string, args: { text: string }): Promise<unknown> }) {
  expect(await client.callTool("notes__echo", { text: "hello" })).toMatchObject({
    content: [{ type: "text", text: "hello" }],
  });
}
