// Law 11. A tool's name in a catalog comes of its server's id and its own name, and of nothing else: not of other servers.
// It is legal wherever names are sent, no two tools share it, and a call finds its tool in the server's list, not in the name.
import { inMemoryServer, startFakeServer, type FakeTool } from "@tenantry/testing";
import { createTenantry, type CatalogTool, type ServerDefinition } from "tenantry";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { startOfferingServer } from "./fixture/offering-server.ts";

const eras = ["legacy", "modern"] as const;
const legal = /^[A-Za-z0-9_-]{1,64}$/u;

/** A tool that tells which one it is. */
function tellingTool(server: string, name: string): FakeTool {
  return {
    definition: { name, inputSchema: { type: "object" } },
    call: () => ({ content: [{ type: "text", text: JSON.stringify([server, name]) }] }),
  };
}

type Offers = readonly (readonly [server: string, tools: readonly string[]])[];

function definitionsOf(offers: Offers): Readonly<Record<string, ServerDefinition>> {
  const definitions = offers.map(([server, tools]) => {
    const { connect } = inMemoryServer({ tools: tools.map((tool) => tellingTool(server, tool)) });
    return [server, { connect }] as const;
  });
  return Object.fromEntries(definitions);
}

function open(offers: Offers) {
  const tenantry = createTenantry({ servers: definitionsOf(offers) });
  return { tenantry, ada: tenantry.workspace("acme").as("ada") };
}

async function listed(offers: Offers): Promise<readonly CatalogTool[]> {
  const { tenantry, ada } = open(offers);
  await using _owner = tenantry;
  const { tools, unavailable } = await ada.listTools();
  expect(unavailable).toEqual([]);
  return tools;
}

const originsOf = (offers: Offers) =>
  offers.flatMap(([server, tools]) => [...new Set(tools)].map((tool) => JSON.stringify([server, tool])));

/** Checks a listing against what the servers offer, and every tool of it against who answers to its name. */
async function expectRoundTrip(offers: Offers): Promise<void> {
  const { tenantry, ada } = open(offers);
  await using _owner = tenantry;
  const { tools, unavailable } = await ada.listTools();
  expect(unavailable).toEqual([]);
  expect(tools.map(({ origin }) => JSON.stringify([origin.server, origin.tool])).toSorted()).toEqual(
    originsOf(offers).toSorted(),
  );
  for (const { name } of tools) expect(name).toMatch(legal);
  expect(new Set(tools.map(({ name }) => name)).size).toBe(tools.length);
  const told = await Promise.all(
    tools.map(async ({ name, origin: { server, tool } }) => {
      const [byName, byAddress] = await Promise.all([ada.callTool(name), ada.callTool({ server, tool })]);
      expect(byAddress).toEqual(byName);
      return byName.content;
    }),
  );
  expect(told).toEqual(
    tools.map(({ origin }) => [{ type: "text", text: JSON.stringify([origin.server, origin.tool]) }]),
  );
}

describe("a name", () => {
  it("reads as its server and its tool where that can be said", async () => {
    const tools = await listed([["github", ["create_issue", "x"]]]);
    expect(tools.map(({ name }) => name)).toEqual(["github__create_issue", "github__x"]);
  });

  it("tells apart what would read alike, and each is called where it belongs", async () => {
    await expectRoundTrip([
      ["a__b", ["c", "_c"]],
      ["a", ["b__c", "_b__c", "b___c"]],
      ["a_", ["b__c", "_b__c"]],
      ["a__b__c", ["d"]],
      ["A", ["b__c", "B__c"]],
      ["odd", [".a name"]],
      ["odd.", ["a name"]],
    ]);
  });

  it("is legal, whatever a server calls its tools, and a tool of each such name can be called", async () => {
    const hostile = [
      "x".repeat(300),
      "x".repeat(299) + "y",
      "",
      " ",
      "two words",
      "a/b",
      "a.b",
      "a:b",
      "line\nbreak",
      "\u202egnirts",
      "\u0000",
      "\ud83d\ude00",
      "名前",
      "名称",
      "__proto__",
      "constructor",
      "toString",
      "hasOwnProperty",
      "tool--0123456789ab",
      "../../etc/passwd",
      "<script>alert(1)</script>",
      "server__tool",
    ];
    await expectRoundTrip([
      ["server", hostile],
      ["__proto__", ["constructor", "__proto__"]],
      ["constructor", ["x"]],
      ["toString", ["valueOf"]],
      ["s".repeat(128), hostile],
      ["名前 server/1", hostile],
    ]);
  });

  it.each(eras)("of any kind is called over HTTP at a %s server", async (era) => {
    const hostile = [
      "x".repeat(300),
      "two words",
      "line\nbreak",
      "\u202egnirts",
      "\ud83d\ude00",
      "__proto__",
      "a,b",
    ];
    await using server = await startFakeServer({
      era,
      tools: hostile.map((name) => tellingTool("far", name)),
    });
    await using tenantry = createTenantry({ servers: { far: { url: server.url } } });
    const ada = tenantry.workspace("acme").as("ada");
    const { tools } = await ada.listTools();
    expect(tools).toHaveLength(hostile.length);
    for (const { name, origin } of tools) {
      const text = JSON.stringify(["far", origin.tool]);
      expect(await ada.callTool(name)).toMatchObject({ content: [{ type: "text", text }] });
    }
  });

  it("cannot be forged: a tool that is called like another's hashed name gets one of its own", async () => {
    const [hashed] = await listed([["server", ["two words"]]]);
    const [, suffix] = hashed!.name.split("server__");
    await expectRoundTrip([
      ["server", ["two words", suffix!]],
      ["other", [suffix!, hashed!.name]],
    ]);
  });

  it("is the same whichever other servers there are, and in any order", async () => {
    const offers: Offers = [
      ["a", ["b__c", "plain", "odd name"]],
      ["a__b", ["c", "x".repeat(100)]],
      ["wiki", ["search", "plain"]],
    ];
    const whole = new Map((await listed(offers)).map((tool) => [JSON.stringify(tool.origin), tool.name]));
    expect(whole.size).toBe(7);
    for (const some of [offers.toReversed(), ...offers.map((offer) => [offer]), offers.slice(1)]) {
      for (const { origin, name } of await listed(some)) expect(name).toBe(whole.get(JSON.stringify(origin)));
    }
  });

  it("is the same for every user, in every workspace and in every instance", async () => {
    const servers = definitionsOf([["server", ["plain", "odd name"]]]);
    const names = async (workspace: string, user: string) => {
      await using tenantry = createTenantry({ servers });
      const { tools } = await tenantry.workspace(workspace).as(user).listTools();
      return tools.map(({ name }) => name);
    };
    expect(await names("acme", "ada")).toEqual(await names("globex", "bob"));
  });
});

describe("a call by name", () => {
  it("finds a tool that was never listed to this user", async () => {
    const offers: Offers = [["a", ["b__c", "odd name"]]];
    const names = (await listed(offers)).map(({ name }) => name);
    const { tenantry, ada } = open(offers);
    await using _owner = tenantry;
    for (const name of names) expect((await ada.callTool(name)).content).toHaveLength(1);
  });

  it("finds a tool that its server has only had since the list was read, and no other", async () => {
    const tools = [tellingTool("server", "old name")];
    await using server = await startFakeServer({ tools });
    await using tenantry = createTenantry({ servers: { server: { url: server.url } } });
    const ada = tenantry.workspace("acme").as("ada");
    await ada.listTools();
    const [name] = (await listed([["server", ["new name"]]])).map((tool) => tool.name);
    await expect(ada.callTool(name!)).rejects.toMatchObject({ code: "TOOL_UNKNOWN" });
    tools.push(tellingTool("server", "new name"));
    expect(await ada.callTool(name!)).toMatchObject({ content: [{ text: '["server","new name"]' }] });
  });
});

describe("whatever servers and tools are called", { timeout: 30_000 }, () => {
  const text = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.string({ unit: "binary", maxLength: 12 }).filter((value) => value.isWellFormed()),
    fc.string({ unit: fc.constantFrom("_", "a", "-", "b", "__", "--"), maxLength: 90 }),
    fc.constantFrom("__proto__", "constructor", "tool--0123456789ab", "a__b"),
  );
  const serverName = text.filter((name) => name.trim() !== "" && name.length <= 128 && !/\p{Cc}/u.test(name));
  const offers = fc.uniqueArray(fc.tuple(serverName, fc.uniqueArray(text, { maxLength: 5 })), {
    minLength: 1,
    maxLength: 4,
    selector: ([server]) => server,
  });

  it("every tool has a legal name of its own, by which it and no other is called", async () => {
    await fc.assert(fc.asyncProperty(offers, expectRoundTrip), { numRuns: 60 });
  });
});

it("prompts are named by the same rule as tools, and resources keep their URIs", async () => {
  const names = ["plain", "two words", "x".repeat(100), "__proto__"];
  const uri = "file:///two%20words";
  await using server = await startOfferingServer("notes", () => ({
    tools: names,
    prompts: names,
    resources: [uri],
    templates: ["file:///{+path}"],
  }));
  await using tenantry = createTenantry({ servers: { notes: { url: server.url, era: "legacy" } } });
  const ada = tenantry.workspace("acme").as("ada");
  const { tools } = await ada.listTools();
  const { prompts } = await ada.listPrompts();
  expect(prompts.map(({ name }) => name)).toEqual(tools.map(({ name }) => name));
  expect((await ada.listResources()).resources).toMatchObject([{ uri, origin: { server: "notes" } }]);
  expect((await ada.listResourceTemplates()).resourceTemplates).toMatchObject([
    { uriTemplate: "file:///{+path}", origin: { server: "notes" } },
  ]);
});
