import { randomBytes } from "node:crypto";
import { defaultTools, startFakeServer } from "@tenantry/testing";
import { afterAll, describe, expect, it } from "vitest";
import {
  audit,
  confirm,
  createTenantry,
  fromFunction,
  header,
  memoryStore,
  redact,
  sealWithKeys,
  type Policy,
  type TenantryOptions,
  type ToolAddress,
  type WorkspaceClient,
} from "./index.ts";

const notes = await startFakeServer();
const files = await startFakeServer();
afterAll(() => Promise.all([notes.close(), files.close()]));

/** An instance over both servers, which counts each resolution of a credential. */
function open(options: Partial<TenantryOptions> = {}) {
  const resolved: string[] = [];
  const key = fromFunction(({ server }) => {
    resolved.push(server.id);
    return "a key";
  });
  const credential = header("x-api-key", key);
  const tenantry = createTenantry({
    servers: { notes: { url: notes.url, credential }, files: { url: files.url, credential } },
    ...options,
  });
  return { tenantry, resolved };
}

async function failureOf(promise: Promise<unknown>) {
  const failure: unknown = await promise.then(
    () => expect.unreachable("It was allowed."),
    (error: unknown) => error,
  );
  return failure as Error & { code: string };
}

/** What a caller learns of a refusal, without the names that the caller gave. */
async function lesson(client: WorkspaceClient, address: ToolAddress): Promise<object> {
  const { message, stack: _stack, ...facts } = await failureOf(client.callTool(address));
  return { ...facts, message: message.replaceAll(/"(?:[^"\\]|\\.)*"/gu, "…") };
}

const names = (listing: { readonly tools: readonly { readonly name: string }[] }) =>
  listing.tools.map(({ name }) => name);

describe("a policy", () => {
  it("RTE-05: hides a tool from the list, and answers a call of it as that of one that there is not", async () => {
    const { tenantry } = open({ policy: { deny: [{ user: "ada", tool: ["echo", "add"] }] } });
    await using _owner = tenantry;
    const ada = tenantry.workspace("acme").as("ada");
    const listed = names(await ada.listTools());
    expect(listed).toContain("notes__whoami");
    expect(listed.filter((name) => /echo|add/u.test(name))).toEqual([]);
    expect(names(await tenantry.workspace("acme").as("bob").listTools())).toContain("files__echo");
    const before = notes.requests.filter(({ rpc }) => rpc === "tools/call").length;
    for (const [denied, unknown] of [
      ["notes__echo", "notes__nothing"],
      [
        { server: "notes", tool: "echo" },
        { server: "nowhere", tool: "echo" },
      ],
    ] as const) {
      expect(await lesson(ada, denied)).toEqual(await lesson(ada, unknown));
    }
    expect(notes.requests.filter(({ rpc }) => rpc === "tools/call")).toHaveLength(before);
  });

  it("RTE-05: decides what a name alone tells before any credential is resolved or any request made", async () => {
    const { tenantry, resolved } = open({ policy: { deny: [{ tool: "echo" }, { server: "files" }] } });
    await using _owner = tenantry;
    const ada = tenantry.workspace("acme").as("ada");
    const before = [notes, files].map(({ requests }) => requests.length);
    for (const tool of [
      "notes__echo",
      "files__whoami",
      { server: "notes", tool: "echo" },
      { server: "files", tool: "whoami" },
    ]) {
      expect(await failureOf(ada.callTool(tool))).toMatchObject({ code: "TOOL_UNKNOWN", delivery: "unsent" });
    }
    expect(resolved).toEqual([]);
    expect([notes, files].map(({ requests }) => requests.length)).toEqual(before);
  });

  it("hides a server of which nothing may be used, its status and its troubles included", async () => {
    const { tenantry, resolved } = open({
      policy: { deny: [{ server: "gone" }, { server: "files", user: "ada" }] },
      servers: { notes: { url: notes.url }, gone: { url: "http://127.0.0.1:1/" }, files: { url: files.url } },
    });
    await using _owner = tenantry;
    const ada = tenantry.workspace("acme").as("ada");
    const listing = await ada.listTools();
    expect(listing.unavailable).toEqual([]);
    expect(new Set(listing.tools.map(({ origin }) => origin.server))).toEqual(new Set(["notes"]));
    expect((await ada.servers()).map(({ server }) => server)).toEqual(["notes"]);
    expect(resolved).toEqual([]);
  });

  it("goes by annotations only of a server that is trusted with them, at the first call too", async () => {
    const policy: Policy = { allow: [{ annotations: { readOnlyHint: true } }] };
    const trust = { annotations: true };
    const { tenantry } = open({
      policy,
      servers: { notes: { url: notes.url }, files: { url: files.url, trust } },
    });
    await using _owner = tenantry;
    const ada = tenantry.workspace("acme").as("ada");
    await ada.callTool("files__echo", { text: "hi" });
    await expect(ada.callTool({ server: "files", tool: "counter" })).rejects.toThrow("[TOOL_UNKNOWN]");
    await expect(ada.callTool("notes__echo")).rejects.toThrow("[TOOL_UNKNOWN]");
    const listed = await ada.listTools();
    expect(
      listed.tools.every(({ origin, annotations }) => origin.server === "files" && annotations?.readOnlyHint),
    ).toBe(true);
  });

  it("is asked of roles and arguments, as a function and as rules, of the instance and of the workspace", async () => {
    const asked: unknown[] = [];
    const { tenantry } = open({
      policy: [
        { deny: [{ tool: "echo", arguments: [{ path: "text", equals: "secret" }] }] },
        ({ phase, name, roles, arguments: args }) => {
          if (phase === "call") asked.push([name, roles, args]);
          return name !== "add";
        },
      ],
      workspaces: { acme: { policy: { allow: [{ role: "reader" }] } }, globex: {} },
    });
    await using _owner = tenantry;
    const acme = tenantry.workspace("acme");
    const reader = acme.as("ada", {}, { roles: ["reader"] });
    await reader.callTool("notes__echo", { text: "hi" });
    expect(asked).toEqual([["echo", ["reader"], { text: "hi" }]]);
    await expect(reader.callTool("notes__echo", { text: "secret" })).rejects.toThrow("[TOOL_UNKNOWN]");
    await expect(reader.callTool("notes__add", { a: 1, b: 2 })).rejects.toThrow("[TOOL_UNKNOWN]");
    await expect(acme.as("ada").callTool("notes__echo")).rejects.toThrow("[TOOL_UNKNOWN]");
    expect(names(await acme.as("ada").listTools())).toEqual([]);
    await tenantry.workspace("globex").as("ada").callTool("notes__echo");
  });

  it("that is misspelt is refused when the instance is made, with its path", () => {
    for (const [options, path] of [
      [{ policy: { denny: [] } }, "policy: "],
      [{ workspaces: { acme: { policy: { deny: [{ tools: "x" }] } } } }, "workspaces.acme.policy.deny.0: "],
      [{ quotas: [{}] }, "quotas.0: "],
      [{ workspaces: { "a b": { approvals: "sometimes" } } }, 'workspaces."a b".approvals: '],
      [{ interceptors: [1] }, "interceptors.0: "],
    ] as const) {
      expect(() => open(options as never)).toThrow(`[CONFIG_INVALID] ${path}`);
    }
    expect(() => open({ servers: { x: { url: notes.url, trust: { annotation: true } as never } } })).toThrow(
      "[DEFINITION_INVALID] servers.x.trust: ",
    );
  });
});

describe("quotas and interceptors", () => {
  it("refuse a call that is one too many, and nothing is sent", async () => {
    const { tenantry } = open({ quotas: [{ per: ["user"], calls: 2, windowMs: 60_000, shared: true }] });
    await using _owner = tenantry;
    const ada = tenantry.workspace("acme").as("ada");
    const before = notes.requests.filter(({ rpc }) => rpc === "tools/call").length;
    await ada.callTool("notes__echo");
    await ada.callTool("notes__echo");
    const failure = await failureOf(tenantry.workspace("acme").as("ada").callTool("notes__echo"));
    expect(failure).toMatchObject({ code: "RATE_LIMITED", delivery: "unsent", retryable: true });
    expect((failure as { retryAfterMs?: number }).retryAfterMs).toBeGreaterThan(0);
    expect(notes.requests.filter(({ rpc }) => rpc === "tools/call")).toHaveLength(before + 2);
    await tenantry.workspace("globex").as("ada").callTool("notes__echo");
  });

  it("count calls that are under way, and only as long as they are", async () => {
    const { tenantry } = open({ quotas: [{ per: ["user"], concurrent: 1 }] });
    await using _owner = tenantry;
    const ada = tenantry.workspace("acme").as("ada");
    await ada.listTools();
    const controller = new AbortController();
    const long = ada.callTool("notes__sleep", { ms: 60_000 }, { signal: controller.signal });
    await expect(ada.callTool("notes__echo")).rejects.toThrow("[RATE_LIMITED]");
    controller.abort(new Error("enough"));
    await expect(long).rejects.toThrow("enough");
    await ada.callTool("notes__echo");
  });

  it("check arguments that an interceptor has changed as they check the caller's", async () => {
    const { tenantry } = open({
      policy: { deny: [{ arguments: [{ path: "text", equals: "secret" }] }] },
      interceptors: [(call, next) => next({ ...call.arguments, text: "secret" })],
    });
    await using _owner = tenantry;
    const ada = tenantry.workspace("acme").as("ada");
    await expect(ada.callTool("notes__echo", { text: "hi" })).rejects.toThrow("[TOOL_UNKNOWN]");
  });
});

it("SRV-06: every call is in the audit with who, what and what was decided, the refused and the unknown ones too", async () => {
  const store = memoryStore();
  const { tenantry } = open({
    ...{ store, sealer: sealWithKeys({ current: "a", keys: { a: randomBytes(32) } }) },
    policy: { deny: [{ tool: "add" }] },
    quotas: [{ per: ["tool"], tool: "echo", calls: 1 }],
    interceptors: [audit()],
  });
  await using _owner = tenantry;
  const ada = tenantry.workspace("acme").as({ user: "ada", session: "s1" });
  await ada.callTool("notes__echo", { text: "s3cret" });
  await failureOf(ada.callTool("notes__echo", { text: "s3cret" }));
  await failureOf(ada.callTool("notes__add", { a: 1, b: 2 }));
  await failureOf(ada.callTool("notes__nothing"));
  await failureOf(ada.callTool("nowhere__echo"));
  const { rows } = await store.audit.list({ workspace: "acme" as never });
  expect(rows.every(({ user, detail }) => user === "ada" && detail.session === "s1")).toBe(true);
  const args = { text: "string(6)" };
  expect(rows.map(({ action, detail }) => ({ action, ...detail }))).toMatchObject([
    { action: "call.allowed", server: "notes", tool: "echo", decision: "allow", arguments: args },
    { action: "call.ended", server: "notes", tool: "echo", outcome: "ok" },
    {
      action: "call.refused",
      server: "notes",
      tool: "echo",
      decision: "deny",
      code: "RATE_LIMITED",
      arguments: args,
    },
    { action: "call.refused", server: "notes", tool: "add", decision: "deny", code: "TOOL_UNKNOWN" },
    { action: "call.refused", server: "notes", tool: "nothing", decision: "deny", code: "TOOL_UNKNOWN" },
    { action: "call.refused", tool: "nowhere__echo", decision: "deny", code: "TOOL_UNKNOWN" },
  ]);
  expect(JSON.stringify(rows)).not.toContain("s3cret");
});

it("guards that are deeply frozen work, and are left as they are", async () => {
  const frozen = <T>(value: T): T => {
    if (typeof value === "object" && value !== null) Object.values(value).forEach(frozen);
    return Object.freeze(value);
  };
  const { tenantry } = open(
    frozen({
      policy: [{ deny: [{ tool: ["add"], arguments: [{ path: ["a"], oneOf: [1] }] }] }],
      approvals: { mode: "trust-on-first-use", servers: { files: "off" } },
      quotas: [{ per: ["user", "tool"], calls: 5 }],
      interceptors: [audit(), confirm({ when: () => false }), redact({ keys: ["password"] })],
    } as const),
  );
  await using _owner = tenantry;
  await tenantry
    .workspace("acme")
    .as("ada")
    .callTool("notes__echo", frozen({ text: "hi" }));
});

it("a tool of the list is what an interceptor is told of, with what its server says", async () => {
  const heard: unknown[] = [];
  const { tenantry } = open({
    interceptors: [
      (call, next) => {
        heard.push([call.server, call.tool, call.definition?.description, call.annotations]);
        return next();
      },
    ],
  });
  await using _owner = tenantry;
  await tenantry.workspace("acme").as("ada").callTool("notes__echo");
  const echo = defaultTools().find(({ definition }) => definition.name === "echo");
  expect(heard).toEqual([["notes", "echo", echo?.definition.description, {}]]);
});
