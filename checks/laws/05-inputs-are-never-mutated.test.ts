// Law 5: whatever the host hands over stays as it was, frozen or not, and is the host's to change afterwards.
// Nothing is written to it, hung on it, or read from it again once it was taken.
import { getEventListeners } from "node:events";
import { isProxy } from "node:util/types";
import { parseDefinition } from "@tenantry/core";
import {
  bearer,
  chain,
  checkDefinition,
  createTenantry,
  env,
  fromContext,
  fromFunction,
  fromStatic,
  header,
  type TenantryOptions,
} from "tenantry";
import {
  inMemoryServer,
  manualClock,
  startFakeServer,
  stdioServerPath,
  type FakeServer,
} from "@tenantry/testing";
import { describe, expect, it } from "vitest";
import { codeOf, textOf } from "./fixture/answers.ts";
import { watched } from "./fixture/watched.ts";
import { eras, keyedDefinition, keyHeader, keyOf, startKeyedServer } from "./fixture/servers.ts";

describe.each(eras)("against a %s server", (era) => {
  it("options work that are frozen to the last leaf, and are the same after a hundred calls", async () => {
    await using server = await startKeyedServer(era, ["ada", "agent"]);
    const options = deepFrozen(optionsFor(server));
    const before = picture(options);
    await using tenantry = createTenantry(options);
    const context = deepFrozen({ key: keyOf("ada"), roles: ["reader"] });
    const acme = tenantry.workspace("acme");
    const ada = acme.as(deepFrozen({ user: "ada", session: "1" }), context);
    await acme.discovery().listTools(deepFrozen({ timeoutMs: 5_000 }));
    for (let round = 0; round < 10; round++) {
      const calls = Array.from({ length: 10 }, () =>
        ada.callTool("notes__whoami", deepFrozen({}), deepFrozen({})),
      );
      expect(new Set((await Promise.all(calls)).map(textOf))).toEqual(new Set(["ada"]));
    }
    await ada.listTools(deepFrozen({ timeoutMs: 5_000 }));
    await ada.callTool("child__whoami");
    await ada.callTool("memory__whoami");
    await tenantry.close();
    expect(picture(options)).toEqual(before);
    expect(context).toEqual({ key: keyOf("ada"), roles: ["reader"] });
  });

  it("nothing is written to, deleted from or redefined on options, contexts, arguments or addresses", async () => {
    await using server = await startKeyedServer(era, ["ada", "agent"]);
    const writes: string[] = [];
    await using tenantry = createTenantry(watched(optionsFor(server), "options", writes));
    const acme = tenantry.workspace("acme");
    const ada = acme.as(
      watched({ user: "ada", session: "1" }, "address", writes),
      watched({ key: keyOf("ada"), more: { of: ["it"] } }, "context", writes),
    );
    const tool = watched({ server: "notes", tool: "echo" }, "tool", writes);
    const args = watched({ text: "hi", deep: { list: [{ one: 1 }] } }, "arguments", writes);
    expect(
      textOf(await ada.callTool(tool, args, watched({ timeoutMs: 5_000 }, "call options", writes))),
    ).toBe("hi");
    await codeOf(ada.callTool("notes__nothing", args));
    await ada.callTool("child__echo", args);
    await ada.callTool("memory__echo", args);
    await ada.listTools(watched({ timeoutMs: 5_000 }, "list options", writes));
    await acme.discovery().listTools();
    await tenantry.close();
    expect(writes).toEqual([]);
  });

  it("arguments reach the server as they were, and are neither kept nor shared with it", async () => {
    const seen: unknown[] = [];
    const tool = {
      definition: { name: "take", inputSchema: { type: "object" as const } },
      call: (args: Readonly<Record<string, unknown>>) => (seen.push(args), { content: [] }),
    };
    const memory = inMemoryServer({ tools: [tool] });
    await using server = await startFakeServer({ era, tools: [tool] });
    await using tenantry = createTenantry({
      servers: { notes: { url: server.url }, memory: { connect: memory.connect } },
    });
    const ada = tenantry.workspace("acme").as("ada");
    const args = { list: [1, { two: "2" }], nothing: null, text: "ä€😀", ["__proto__x"]: { constructor: 1 } };
    const asSent = structuredClone(args);
    for (const name of ["notes__take", "memory__take"]) {
      const call = ada.callTool(name, args);
      // Changed in the same tick: too late for the call.
      args.list.push(3);
      args.text = "changed";
      await call;
      Object.assign(args, structuredClone(asSent));
    }
    expect(seen).toEqual([asSent, asSent]);
  });

  it("options that the host changes later change nothing", async () => {
    await using server = await startKeyedServer(era, ["ada", "definition"]);
    await using elsewhere = await startFakeServer({ era });
    const url = new URL(server.url);
    const headers: Record<string, string> = { "x-app": "before" };
    const origins = [server.url.origin];
    const notes = { url, headers, credential: header(keyHeader, fromContext("key"), { origins }) };
    const limits = { maxConnections: 1 };
    const clientInfo = { name: "before", version: "1" };
    const servers: Record<string, typeof notes> = { notes };
    await using tenantry = createTenantry({ servers, limits, clientInfo });
    const ada = tenantry.workspace("acme").as("ada", { key: keyOf("ada") });

    url.port = elsewhere.url.port;
    headers["x-app"] = "after";
    headers[keyHeader] = keyOf("definition");
    origins[0] = "https://example.com";
    notes.url = elsewhere.url;
    servers["more"] = notes;
    delete servers["notes"];
    limits.maxConnections = 7;
    clientInfo.name = "after";

    expect(textOf(await ada.callTool("notes__whoami"))).toBe("ada");
    expect((await ada.servers()).map(({ server: id }) => id)).toEqual(["notes"]);
    await tenantry
      .workspace("globex")
      .as("ada", { key: keyOf("ada") })
      .callTool("notes__whoami");
    expect(tenantry.stats().connections).toBe(1);
    expect(new Set(server.requests.map(({ headers }) => headers["x-app"]))).toEqual(new Set(["before"]));
    expect(JSON.stringify(server.requests.map(({ body }) => body))).toContain('"before"');
    expect(elsewhere.requests).toEqual([]);
  });

  it("one object in many places stays one object for the host, and bleeds from none into another", async () => {
    await using first = await startKeyedServer(era, ["ada"]);
    await using second = await startKeyedServer(era, ["bob"]);
    const headers = { "x-app": "shared" };
    const limits = { maxConnections: 5 };
    const part = { headers, timeoutMs: 5_000 };
    const credential = (name: string) => header(keyHeader, fromContext(name));
    await using tenantry = createTenantry({
      servers: {
        first: { ...part, url: first.url, credential: credential("ada") },
        second: { ...part, url: second.url, credential: credential("bob") },
      },
      limits,
    });
    const context = { ada: keyOf("ada"), bob: keyOf("bob") };
    const client = tenantry.workspace("acme").as("carl", context);
    expect(textOf(await client.callTool("first__whoami"))).toBe("ada");
    expect(textOf(await client.callTool("second__whoami"))).toBe("bob");
    expect([headers, limits, context]).toEqual([
      { "x-app": "shared" },
      { maxConnections: 5 },
      { ada: keyOf("ada"), bob: keyOf("bob") },
    ]);
  });

  it("one source in two definitions, and one definition in two instances, work apart", async () => {
    await using server = await startKeyedServer(era, ["ada", "bob"]);
    const definition = Object.freeze(keyedDefinition(server));
    await using first = createTenantry({ servers: { a: definition, b: definition } });
    await using second = createTenantry({ servers: { a: definition } });
    const clients = [first, second].map((one, index) =>
      one.workspace("acme").as("same", { key: keyOf(["ada", "bob"][index] ?? "") }),
    );
    const answers = [
      clients[0]!.callTool("a__whoami"),
      clients[0]!.callTool("b__whoami"),
      clients[1]!.callTool("a__whoami"),
    ];
    expect((await Promise.all(answers)).map(textOf)).toEqual(["ada", "ada", "bob"]);
    expect([first.stats().connections, second.stats().connections]).toEqual([2, 1]);
  });

  it("a signal is left without a listener, however its call ends", async () => {
    await using server = await startKeyedServer(era, ["ada"]);
    await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) } });
    const acme = tenantry.workspace("acme");
    const ada = acme.as("ada", { key: keyOf("ada") });
    const { signal } = new AbortController();
    const options = Object.freeze({ signal });
    await ada.callTool("notes__whoami", {}, options);
    await Promise.all([ada.listTools(options), ada.servers(options), acme.discovery().listTools(options)]);
    await codeOf(ada.callTool("notes__nothing", {}, options));
    await codeOf(acme.as("bob").callTool("notes__whoami", {}, options));
    server.faults.add({ kind: "answer", status: 500 });
    await codeOf(ada.callTool("notes__whoami", {}, options));
    server.faults.clear();
    server.faults.add({ kind: "hang" });
    await codeOf(ada.callTool("notes__whoami", {}, { ...options, timeoutMs: 10 }));
    server.faults.clear();
    await tenantry.close();
    await codeOf(ada.callTool("notes__whoami", {}, options));
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("a list cannot be changed, and an answer is the caller's own: nobody changes what another is given", async () => {
    await using server = await startKeyedServer(era, ["ada"]);
    await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) } });
    const ada = tenantry.workspace("acme").as("ada", { key: keyOf("ada") });
    const listed = await ada.listTools();
    const asListed = structuredClone(listed);
    expect(() => (listed.tools as unknown[]).pop()).toThrow(TypeError);
    for (const tool of listed.tools) {
      expect(() => Object.assign(tool.inputSchema, { type: "array" })).toThrow(TypeError);
      expect(() => Object.assign(tool, { description: "changed" })).toThrow(TypeError);
    }
    expect(await ada.listTools()).toEqual(asListed);
    expect(textOf(await ada.callTool("notes__whoami"))).toBe("ada");
    const stats = tenantry.stats();
    const asCounted = structuredClone(stats);
    Object.assign(stats, { connections: 99 });
    (stats.entries as unknown[]).length = 0;
    expect(tenantry.stats()).toEqual(asCounted);
  });
});

it("a definition is checked without being changed, and what comes back is not the host's object", () => {
  const plain = { url: "https://mcp.example.com/mcp", headers: { "X-App": "1" }, timeoutMs: 5 };
  const writes: string[] = [];
  const given = deepFrozen(structuredClone(plain));
  for (const check of [checkDefinition, parseDefinition]) {
    const checked = check(given);
    check(watched(plain, "definition", writes));
    expect(checked).not.toBe(given);
    expect("headers" in checked && checked.headers).not.toBe(given.headers);
  }
  expect(writes).toEqual([]);
  expect(plain).toEqual({ url: "https://mcp.example.com/mcp", headers: { "X-App": "1" }, timeoutMs: 5 });
});

it("what a credential function is given is a copy, and what it gives is not kept open to change", async () => {
  await using server = await startKeyedServer("modern", ["ada"]);
  const context: Record<string, unknown> = { key: keyOf("ada") };
  const vault = fromFunction((request) => {
    // A function that does not keep to its types must not reach the host's object through them.
    Reflect.set(request.context, "key", "changed");
    Reflect.set(request.scope, "user", "changed");
    return request.context["key"] as string;
  });
  await using tenantry = createTenantry({
    servers: { notes: { url: server.url, credential: header(keyHeader, vault) } },
  });
  const ada = tenantry.workspace("acme").as("ada", context);
  expect(textOf(await ada.callTool("notes__whoami"))).toBe("ada");
  expect(context).toEqual({ key: keyOf("ada") });
  expect(ada.principal).toEqual({ workspace: "acme", user: "ada" });
});

it.todo(
  "a policy and an approval leave the arguments that they judge as they are — arrives with router and gateway, issue 6",
);
it.todo("an adapter leaves the framework's context and schemas as they are — arrives with adapters, issue 7");

/** Options with something in every place where there can be something. */
function optionsFor({ url }: FakeServer): TenantryOptions {
  const memory = inMemoryServer();
  const clock = manualClock();
  return {
    servers: {
      notes: {
        url: url.href,
        headers: { "x-app": "1" },
        credential: [
          header(keyHeader, chain([{ source: fromContext("key"), onFailure: "fail" }])),
          bearer(fromStatic("token"), { origins: [url.origin], required: true }),
        ],
        discovery: header(keyHeader, fromStatic(keyOf("agent"))),
        share: "user",
        timeoutMs: 5_000,
        provenance: "code",
      },
      child: {
        command: process.execPath,
        args: [stdioServerPath],
        env: { DECLARED: "1" },
        credential: env("USER_KEY", fromContext("key")),
      },
    },
    workspaces: { acme: { servers: { memory: { connect: memory.connect, share: "workspace" } } } },
    limits: { maxConnections: 10, maxHeaderBytes: 16_384, maxDepth: 64, maxPages: 3 },
    clientInfo: { name: "host", version: "1" },
    clock: { now: clock.now, after: clock.after },
  };
}

/** Freezes a value and everything in it. */
function deepFrozen<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value) || isProxy(value)) return value;
  Object.freeze(value);
  for (const key of Reflect.ownKeys(value)) deepFrozen((value as Record<PropertyKey, unknown>)[key]);
  return value;
}

/** Everything that can be seen of a value, functions by name. */
function picture(value: unknown): unknown {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "function" ? `function ${inner.name}` : inner,
  );
}
