import type { IAgentRuntime } from "@elizaos/core";
import { describe, expect, it } from "vitest";
import { officialName } from "./official-name.ts";
import { definitionsIn, findSettings, type SettingsOptions } from "./settings.ts";

const options: SettingsOptions = {
  ...{ appUrl: "https://app.example.com", agentKey: "key-agent", path: undefined, provenance: "code" },
  ...{ credentials: {}, admitCommand: undefined },
};
const defined = (servers: object, more: Partial<SettingsOptions> = {}) =>
  definitionsIn({ servers }, { ...options, ...more });

/** The examples of the official plugin's README (1.8.2). */
const examples = {
  "my-modern-server": { type: "streamable-http", url: "https://example.com/mcp" },
  "my-local-server": { type: "http", url: "http://localhost:3000", timeout: 30 },
  "my-legacy-server": { type: "sse", url: "http://localhost:8080" },
  "my-stdio-server": {
    ...{ type: "stdio", command: "mcp-server", args: ["--config", "config.json"] },
    ...{ cwd: "/path/to/server", timeoutInMillis: 60000 },
  },
  github: {
    ...{ type: "stdio", command: "npx", args: ["-y", "@modelcontextprotocol/server-github"] },
    env: { GITHUB_PERSONAL_ACCESS_TOKEN: "<YOUR_TOKEN>" },
  },
  puppeteer: { type: "stdio", command: "npx", args: ["-y", "@modelcontextprotocol/server-puppeteer"] },
};

it("takes the official plugin's examples as they are", () => {
  const { servers, problems } = defined(examples);
  expect(problems).toEqual([]);
  expect(servers).toMatchObject({
    "my-modern-server": { url: "https://example.com/mcp" },
    "my-local-server": { url: "http://localhost:3000" },
    "my-legacy-server": { url: "http://localhost:8080", era: "legacy" },
    "my-stdio-server": { command: "mcp-server", args: ["--config", "config.json"], timeoutMs: 60_000 },
    github: { command: "npx", env: { GITHUB_PERSONAL_ACCESS_TOKEN: "<YOUR_TOKEN>" } },
    puppeteer: { command: "npx" },
  });
  expect(Object.values(servers).map(({ discovery }) => discovery)).toEqual(Array(6).fill("anonymous"));
});

it("gives hosted servers the agent's PATH where they have none", () => {
  const hosted = { a: { command: "npx" }, b: { command: "npx", env: { PATH: "/b" } } };
  const { servers } = defined(hosted, { path: "/agent" });
  expect(servers).toMatchObject({ a: { env: { PATH: "/agent" } }, b: { env: { PATH: "/b" } } });
});

it("changes nothing of frozen settings, and leaves out what is wrong without showing it", () => {
  const settings = {
    good: {
      url: "https://example.com/mcp",
      headers: { authorization: "Bearer secret-1" },
      share: "workspace",
    },
    bad: { url: "https://user:secret-2@example.com/mcp" },
    worse: { type: "carrier-pigeon", url: "https://example.com/secret-3" },
    off: { url: "https://example.com/mcp", disabled: true },
    none: "secret-4",
    late: { url: "https://example.com/mcp", timeoutInMillis: "secret-5" },
  };
  const copy = structuredClone(settings);
  const deep = (value: unknown): unknown => {
    if (typeof value === "object" && value !== null) Object.values(value).forEach(deep);
    return Object.freeze(value);
  };
  const { servers, problems } = defined(deep(settings) as object);
  expect(settings).toEqual(copy);
  expect(Object.keys(servers)).toEqual(["good"]);
  expect(servers["good"]).toMatchObject({
    share: "workspace",
    headers: { authorization: "Bearer secret-1" },
  });
  expect(problems.map((problem) => /servers\.\w+/u.exec(problem)?.[0])).toEqual(
    ["bad", "worse", "none", "late"].map((id) => `servers.${id}`),
  );
  expect(problems.join()).not.toContain("secret");
});

it("leaves out what is not admitted", () => {
  const admitCommand: SettingsOptions["admitCommand"] = (_, { server }) => server === "github";
  const { servers, problems } = defined(examples, { provenance: "foreign", admitCommand });
  expect(Object.keys(servers)).toEqual(["my-modern-server", "my-local-server", "my-legacy-server", "github"]);
  expect(problems).toEqual(
    ["my-stdio-server", "puppeteer"].map(
      (id) => `[DEFINITION_INVALID] servers.${id}: the host does not admit this command.`,
    ),
  );
});

describe("a user's key", () => {
  it.each([
    ["the application's own origin", "https://app.example.com/mcp?x=1", true],
    ["its default port", "https://app.example.com:443/", true],
    ["capital letters", "https://APP.example.COM/", true],
    ["another scheme", "http://app.example.com/mcp", false],
    ["another port", "https://app.example.com:8443/mcp", false],
    ["a subdomain", "https://evil.app.example.com/mcp", false],
    ["a longer name", "https://app.example.com.evil.com/mcp", false],
    ["a trailing dot", "https://app.example.com./mcp", false],
    ["a lookalike", "https://аpp.example.com/mcp", false],
  ])("%s: %s", (_, url, isSent) => {
    const { servers, problems } = defined({ srv: { url } });
    expect(problems).toEqual([]);
    expect(servers["srv"]?.credential !== undefined).toBe(isSent);
  });

  it.each([undefined, "", "no url", "file:///app", "data:,app"])(
    "has no origin where the application is at %s",
    (appUrl) => {
      for (const url of ["http://localhost:3000/mcp", "https://app.example.com/mcp"])
        expect(defined({ srv: { url } }, { appUrl }).servers["srv"]?.credential).toBeUndefined();
    },
  );

  it.each(["X-API-Key", "x-api-key"])("is not sent beside a header %s of the settings", (name) => {
    const srv = { url: "https://app.example.com/mcp", headers: { [name]: "static" } };
    expect(defined({ srv }).servers["srv"]?.credential).toBeUndefined();
  });
});

it("finds settings where the official plugin does, in that order", () => {
  const at = (place: string) => ({ servers: { [place]: {} } });
  const runtime = (setting: unknown, character: unknown, own: unknown) =>
    ({
      getSetting: () => setting,
      character: { settings: { mcp: character } },
      settings: { mcp: own },
    }) as never;
  const found = (given: IAgentRuntime) =>
    Object.keys((findSettings(given)?.["servers"] as object | undefined) ?? {});
  expect(found(runtime(at("setting"), at("character"), at("runtime")))).toEqual(["setting"]);
  expect(found(runtime(JSON.stringify(at("setting")), at("character"), at("runtime")))).toEqual(["setting"]);
  expect(found(runtime(null, at("character"), at("runtime")))).toEqual(["character"]);
  expect(found(runtime("{", {}, at("runtime")))).toEqual(["runtime"]);
  expect(found(runtime(null, undefined, undefined))).toEqual([]);
});

it.each([
  ["google-maps", "maps_geocode", "GOOGLE_MAPS_MAPS_GEOCODE"],
  ["github", "github_search", "GITHUB_SEARCH"],
  ["github", "create.issue", "GITHUB_CREATE_ISSUE"],
  ["", "tool", "TOOL"],
  ["---", "", "_"],
])("knows what the official plugin calls %s's %s", (server, tool, name) => {
  expect(officialName(server, tool)).toBe(name);
});
