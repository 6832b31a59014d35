import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { serversFromJson, type ServersFromJsonOptions } from "./index.ts";

const url = "https://api.example/mcp";

function complaint(json: string | object, options?: ServersFromJsonOptions): string {
  try {
    serversFromJson(json, options);
  } catch (error) {
    expect(error).toMatchObject({ code: "DEFINITION_INVALID" });
    return (error as Error).message;
  }
  throw new Error("It was accepted.");
}

describe("serversFromJson", () => {
  it("reads what clients of MCP have in their files, from text and parsed", () => {
    const file = {
      mcpServers: {
        files: { command: "npx", args: ["-y", "server", "./data"], env: { LEVEL: "debug" }, cwd: "/srv" },
        remote: { type: "http", url, headers: { Authorization: "Bearer x" } },
        old: { type: "sse", url },
      },
    };
    const read = serversFromJson(`\ufeff${JSON.stringify(file)}`, { provenance: "code" });
    expect(read).toEqual(serversFromJson(file, { provenance: "code" }));
    expect(read).toEqual({
      ignored: [],
      servers: {
        files: { ...file.mcpServers.files, provenance: "code" },
        remote: { url, headers: { Authorization: "Bearer x" }, provenance: "code" },
        old: { url, era: "legacy", provenance: "code" },
      },
    });
    expect(Object.isFrozen(read.servers)).toBe(true);
  });

  it("reads VS Code's files", () => {
    const { servers } = serversFromJson({
      servers: { a: { type: "stdio", command: "a" }, b: { type: "http", url } },
    });
    expect(servers).toMatchObject({ a: { command: "a" }, b: { url } });
  });

  it("takes a file for somebody else's unless it is told that it is the host's", () => {
    expect(serversFromJson({ mcpServers: { a: { url } } }).servers["a"]).toMatchObject({
      provenance: "foreign",
    });
  });

  it("names everything that has no effect", () => {
    const file = {
      inputs: [],
      mcpServers: {
        off: { command: "x", disabled: true },
        "o n": { command: "x", disabled: false, alwaysAllow: ["a"], heders: {}, timeout: 5 },
      },
    };
    const { servers, ignored } = serversFromJson(file);
    expect(Object.keys(servers)).toEqual(["o n"]);
    expect(ignored.map(({ path }) => path)).toEqual([
      '"inputs"',
      "mcpServers.off",
      'mcpServers."o n"."alwaysAllow"',
      'mcpServers."o n"."heders"',
      'mcpServers."o n"."timeout"',
    ]);
  });

  it("puts the given texts in the places of placeholders, once, and never looks at the environment", () => {
    const env = { KEY: "k${HOME}", HOME: "/home" };
    const given = {
      command: "${HOME}/bin",
      args: ["--key=${KEY}", "${env:HOME}", "${MISSING:-a b}", "$HOME", "100$"],
      env: { KEY: "${KEY}" },
    };
    const { servers } = serversFromJson(
      { mcpServers: { a: given, b: { url: "https://x.com/${KEY:-y}" } } },
      { env: { ...env, KEY: "k" } },
    );
    expect(servers).toMatchObject({
      a: { command: "/home/bin", args: ["--key=k", "/home", "a b", "$HOME", "100$"], env: { KEY: "k" } },
      b: { url: "https://x.com/k" },
    });
    const once = serversFromJson({ mcpServers: { a: { command: "${KEY}" } } }, { env });
    expect(once.servers["a"]).toMatchObject({ command: "k${HOME}" });
    process.env["SERVERS_FROM_JSON"] = "s3cret";
    const missing = complaint({ mcpServers: { a: { command: "x", args: ["", "${SERVERS_FROM_JSON}"] } } });
    delete process.env["SERVERS_FROM_JSON"];
    expect(missing).toContain('mcpServers.a.args.1: the placeholder "SERVERS_FROM_JSON" stands for nothing');
  });

  it.each<[string | object, string]>([
    ["{ s3cret", "file: it is no JSON"],
    ['{"mcpServers":{}} // s3cret', "file: it is no JSON"],
    ["[]", "file: expected an object"],
    [{}, 'file: expected one key "mcpServers", or "servers"'],
    [{ mcpServers: {}, servers: {} }, "file: expected one key"],
    [{ mcpServers: [] }, "mcpServers: expected an object"],
    [{ mcpServers: { a: "s3cret" } }, "mcpServers.a: expected an object"],
    [{ mcpServers: { a: {} } }, "mcpServers.a: expected an object with exactly one of url, command"],
    [
      { mcpServers: { a: { url, command: "s3cret" } } },
      "mcpServers.a: expected an object with exactly one of",
    ],
    [{ mcpServers: { a: { command: "x", type: "http" } } }, 'mcpServers.a.type: expected one of "stdio"'],
    [{ mcpServers: { a: { url, type: "s3cret" } } }, 'mcpServers.a.type: expected one of "http"'],
    [{ mcpServers: { a: { url: "file:///s3cret" } } }, "mcpServers.a.url: expected"],
    [{ mcpServers: { a: { command: "x", args: "s3cret" } } }, "mcpServers.a.args: expected array"],
    [{ mcpServers: { a: { command: "x", env: { A: 1 } } } }, "mcpServers.a.env.A: expected string"],
    [
      { mcpServers: { a: { command: "${input:s}" } } },
      'mcpServers.a.command: the placeholder "${input:s}" has none',
    ],
    [{ mcpServers: { a: { command: "${A" } } }, 'mcpServers.a.command: the placeholder "${A" has none'],
    [{ mcpServers: { a: { command: "${toString}" } } }, "stands for nothing"],
    [{ mcpServers: { " ": { command: "x" } } }, "The server id is blank"],
    ['{"mcpServers":{"a":{"command":"x","env":{"__proto__":"s3cret"}}}}', '"__proto__"'],
  ])("says of %j where and what, and repeats no value", (json, message) => {
    const said = complaint(json);
    expect(said).toContain(message);
    expect(said).not.toContain("s3cret");
  });

  it("changes nothing in what it is given", () => {
    const deepFreeze = <T>(value: T): T => {
      if (typeof value === "object" && value !== null)
        Object.values(Object.freeze(value)).forEach(deepFreeze);
      return value;
    };
    const file = deepFreeze({ mcpServers: { a: { command: "${A}", args: ["${A}"], more: [] } } });
    expect(serversFromJson(file, deepFreeze({ env: { A: "x" } })).servers).toMatchObject({
      a: { command: "x" },
    });
  });

  it("gives definitions or a typed error, whatever it is given", () => {
    const text = fc.oneof(fc.string(), fc.constantFrom("${A}", "${", "${A:-}", "https://x.com", "__proto__"));
    const entry = fc.dictionary(
      fc.oneof(fc.constantFrom("command", "args", "env", "cwd", "url", "headers", "type", "disabled"), text),
      fc.oneof(text, fc.array(text), fc.dictionary(text, text), fc.jsonValue()),
    );
    fc.assert(
      fc.property(fc.record({ mcpServers: fc.dictionary(text, fc.oneof(entry, fc.jsonValue())) }), (file) => {
        try {
          const { servers } = serversFromJson(file, { env: { A: "a" } });
          for (const server of Object.values(servers)) expect(server.provenance).toBe("foreign");
        } catch (error) {
          expect(error).toMatchObject({ code: "DEFINITION_INVALID" });
        }
      }),
    );
  });
});
