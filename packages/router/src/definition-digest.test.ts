import { checkDefinition, type ServerDefinition } from "@tenantry/core";
import { describe, expect, it } from "vitest";
import { createConnectIdentity, digestDefinition } from "./definition-digest.ts";

const digest = (definition: ServerDefinition) => digestDefinition(definition);
const remote = { url: "https://api.example/mcp", headers: { "X-Team": "one" } };
const hosted = { command: "node", args: ["server.js", "--fast"], env: { MODE: "a" }, cwd: "/srv" };

describe("digestDefinition", () => {
  it("is 64 hexadecimal digits and shows no value", () => {
    expect(digest({ ...remote, headers: { authorization: "Bearer s3cret" } })).toMatch(/^[0-9a-f]{64}$/u);
  });

  it.each<[string, ServerDefinition, ServerDefinition]>([
    [
      "the order of keys",
      { url: "https://a.example", era: "modern" },
      { era: "modern", url: "https://a.example" },
    ],
    ["the spelling of a URL", { url: "HTTPS://A.example:443" }, { url: new URL("https://a.example/") }],
    ["the case of header names", { ...remote, headers: { "x-team": "one" } }, remote],
    ["written-out defaults", { ...remote, share: "user", provenance: "code" }, remote],
    ["empty parts", { command: "node", args: [], env: {} }, { command: "node" }],
    ["time-outs", { ...remote, timeoutMs: 5 }, remote],
    ["credentials", { ...remote, credential: [], discovery: "anonymous" }, remote],
  ])("is the same whatever %s", (_what, one, other) => {
    expect(digest(one)).toBe(digest(other));
  });

  it("differs wherever the server is reached differently", () => {
    const definitions: ServerDefinition[] = [
      remote,
      { ...remote, url: "https://api.example/mcp/" },
      { ...remote, headers: { "x-team": "two" } },
      { ...remote, headers: { "x-tea": "mone" } },
      { ...remote, share: "workspace" },
      { ...remote, share: "everyone" },
      { ...remote, era: "legacy" },
      { ...remote, era: "modern" },
      { ...remote, provenance: "foreign" },
      hosted,
      { ...hosted, command: "deno" },
      { ...hosted, args: ["--fast", "server.js"] },
      { ...hosted, args: ["server.js --fast"] },
      { ...hosted, env: { MODE: "b" } },
      { ...hosted, cwd: "/srv2" },
    ];
    expect(new Set(definitions.map(digest)).size).toBe(definitions.length);
  });

  it("accepts what checkDefinition gives and changes nothing in it", () => {
    const definition = checkDefinition(Object.freeze({ ...hosted, args: Object.freeze([...hosted.args]) }));
    const before = JSON.stringify(definition);
    expect(digest(definition)).toBe(digest(hosted));
    expect(JSON.stringify(definition)).toBe(before);
  });

  it("keeps an environment variable of a hostile name", () => {
    const env = JSON.parse('{"__proto__":"a"}') as Record<string, string>;
    const other = JSON.parse('{"__proto__":"b"}') as Record<string, string>;
    expect(digest({ ...hosted, env })).not.toBe(digest({ ...hosted, env: other }));
  });

  it("refuses text that is not well-formed", () => {
    expect(() => digest({ command: "\ud800" })).toThrow(
      expect.objectContaining({ code: "DEFINITION_INVALID" }),
    );
  });
});

describe("an in-process server", () => {
  const connect = () => Promise.reject(new Error("not opened here"));

  it("has one digest for each function", () => {
    const identify = createConnectIdentity();
    const other = () => connect();
    expect(digestDefinition({ connect }, identify)).toBe(
      digestDefinition({ connect, timeoutMs: 9 }, identify),
    );
    expect(digestDefinition({ connect }, identify)).not.toBe(digestDefinition({ connect: other }, identify));
  });

  it("is never taken for one that another identity has named", () => {
    const [one, other] = [createConnectIdentity(), createConnectIdentity()];
    expect(digestDefinition({ connect }, one)).not.toBe(digestDefinition({ connect }, other));
  });

  it("needs an identity", () => {
    expect(() => digest({ connect })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });
});
