import { describe, expect, test } from "vitest";
import {
  checkDefinition,
  parseDefinition,
  serverDefinitionSchema,
  upstreamsOf,
  type CredentialSource,
  type SwitchedServer,
} from "./index.ts";

const credential: CredentialSource = { bind: () => ({ resolve: async () => undefined }) };
const path = "servers.github";
const url = "https://api.example.com/mcp";

function complaint(check: typeof checkDefinition, definition: unknown): string {
  try {
    check(definition, path);
  } catch (error) {
    expect(error).toMatchObject({ code: "DEFINITION_INVALID" });
    return (error as Error).message;
  }
  throw new Error("It was accepted.");
}

describe("checkDefinition", () => {
  test.for([
    { url },
    {
      url: "http://localhost:3000/mcp",
      headers: { "x-a": "1" },
      timeoutMs: 5_000,
      era: "modern",
      provenance: "code",
    },
    { url: new URL(url), credential, discovery: credential, share: "workspace" },
    { url, credential: [credential, credential], discovery: "anonymous" },
    {
      command: "npx",
      args: ["-y", "server", ""],
      env: { "MY-VAR.1": "", A: "1" },
      cwd: "./data",
      share: "everyone",
    },
    { connect: () => Promise.reject(new Error("unused")), era: "legacy" },
  ])("accepts %o as it is", (definition) => {
    expect(checkDefinition(definition)).toEqual(definition);
  });

  test("gives a frozen copy of a deeply frozen definition, with the very sources that it holds", () => {
    const definition = Object.freeze({
      url,
      headers: Object.freeze({ "X-A": "1" }),
      credential: Object.freeze([Object.freeze(credential)]),
    });
    const checked = checkDefinition(definition);
    expect(checked).not.toBe(definition);
    expect(Object.isFrozen(checked)).toBe(true);
    expect(checked.credential).toEqual([credential]);
    expect((checked.credential as CredentialSource[])[0]).toBe(credential);
    expect(definition).toEqual({ url, headers: { "X-A": "1" }, credential: [credential] });
  });

  test("does not freeze what it was given", () => {
    const definition = { url, headers: { a: "1" }, credential: [credential] };
    checkDefinition(definition);
    expect(
      [definition, definition.headers, definition.credential].some((each) => Object.isFrozen(each)),
    ).toBe(false);
  });

  test.for([
    undefined,
    null,
    "s3cret",
    7,
    [],
    {},
    { url, command: "s3cret" },
    { command: "a", connect: () => {} },
  ])("takes exactly one of the four kinds, not %o", (definition) => {
    expect(complaint(checkDefinition, definition)).toBe(
      "[DEFINITION_INVALID] servers.github: expected an object with exactly one of url, command, connect, upstreams.",
    );
  });

  test("does not see what a definition inherits", () => {
    expect(complaint(checkDefinition, Object.create({ url }))).toContain("exactly one of");
  });

  const urlExpected =
    "expected a whole http or https URL without user name, password, fragment, backslash or control character.";
  const credentialExpected = "expected a credential or a list of them.";
  test.for([
    [{ url: "https://ada:s3cret@x.com/" }, `url: ${urlExpected}`],
    [{ url: "https://api.x.com@evil.com/" }, `url: ${urlExpected}`],
    [{ url: new URL("https://ada@x.com/") }, `url: ${urlExpected}`],
    [{ url: "file:///etc/s3cret" }, `url: ${urlExpected}`],
    [{ url: "s3cret" }, `url: ${urlExpected}`],
    [{ url: "https://x.com/#s3cret" }, `url: ${urlExpected}`],
    [{ url: 7 }, `url: ${urlExpected}`],
    [{ url, headers: { a: 1 } }, "headers.a: expected string, received number."],
    [{ url, headers: "s3cret" }, "headers: expected record, received string."],
    [{ url, share: "s3cret" }, 'share: Invalid option: expected one of "user"|"workspace"|"everyone".'],
    [{ url, era: "s3cret" }, 'era: Invalid option: expected one of "legacy"|"modern".'],
    [{ url, timeoutMs: 0 }, "timeoutMs: Too small: expected number to be >0."],
    [{ url, timeoutMs: Infinity }, "timeoutMs: expected number, received Infinity."],
    [{ url, credential: "s3cret" }, `credential: ${credentialExpected}`],
    [{ url, credential: [credential, "s3cret"] }, `credential: ${credentialExpected}`],
    [{ url, discovery: "s3cret" }, 'discovery: expected a credential or "anonymous".'],
    [{ command: "" }, "command: expected a command."],
    [{ command: "s3cret\0" }, "command: expected text without NUL characters."],
    [{ command: "a", args: "s3cret" }, "args: expected array, received string."],
    [{ command: "a", args: ["b", 7] }, "args.1: expected string, received number."],
    [{ command: "a", args: ["s3cret\0"] }, "args.0: expected text without NUL characters."],
    [{ command: "a", env: { "A=B": "s3cret" } }, 'env."A=B": expected the name of an environment variable.'],
    [{ command: "a", env: { A: "s3cret\0" } }, "env.A: expected text without NUL characters."],
    [{ command: "a", cwd: "" }, "cwd: expected a folder."],
    [{ connect: "s3cret" }, "connect: expected a function."],
  ] as const)("says of %o where and what, and repeats no value", ([definition, message]) => {
    const said = complaint(checkDefinition, definition);
    expect(said).toContain(`[DEFINITION_INVALID] servers.github.${message}`);
    expect(said).not.toContain("s3cret");
  });

  test.for([
    ...[
      "https:\\\\x.com\\mcp",
      "https://x.com\\@y.com/",
      "https://x.com/a\\b",
      "https:x.com/",
      "https:/x.com/",
    ],
    ...["https:///x.com/", "https://@x.com/", "https://:@x.com/", "https://x.com/#", "https://x.com/?a#b"],
    ...[" https://x.com/", "https://x.com/ ", "https://x.com/\u00a0", "\nhttps://x.com/", "ht\ttps://x.com/"],
    ...[
      "https://x.com/a\r\nb",
      "https://x.com/a\tb",
      "https://x.com/\0",
      "https://x .com/",
      "https://x.com/\u0085b",
    ],
    ...["javascript:alert(1)", "ws://x.com/", "data:text/plain,x", "//x.com/", "/mcp", "https://"],
  ])("takes a URL only as it is written, not mended: %j", (mended) => {
    expect(complaint(checkDefinition, { url: mended })).toContain(`servers.github.url: ${urlExpected}`);
    expect(complaint(parseDefinition, { url: mended })).toContain(`servers.github.url: ${urlExpected}`);
  });

  test.for([
    "HTTPS://API.X.com",
    "http://[::1]:3000/mcp?a=b@c",
    "https://bücher.example/ä b",
    "http://127.0.0.1:1",
  ])("takes the URL %j", (written) => expect(checkDefinition({ url: written })).toEqual({ url: written }));

  test("names a key that it does not know, safely", () => {
    expect(complaint(checkDefinition, { url, colour: "s3cret" })).toBe(
      '[DEFINITION_INVALID] servers.github: unknown key "colour" (there are share, era, timeoutMs, credential, discovery, trust, provenance, url, headers).',
    );
    expect(complaint(parseDefinition, { type: "stdio", command: "npx" })).toContain(
      'servers.github: unknown key "type" (there are share, era, timeoutMs, credential, discovery, command, args, env, cwd)',
    );
    expect(complaint(checkDefinition, { url, args: ["s3cret"] })).toContain('unknown key "args"');
    expect(complaint(checkDefinition, { url, "\u202ea\nb": 1 })).toContain('unknown key "\\u202ea\\nb"');
  });

  test("tells of every problem at once", () => {
    expect(complaint(checkDefinition, { url: 7, share: 7 })).toMatch(
      /servers\.github\.share: .*; servers\.github\.url: /u,
    );
  });

  test.for([
    '{"url":"https://x.com","__proto__":{"share":"everyone"}}',
    '{"url":"https://x.com","headers":{"__proto__":"s3cret"}}',
    '{"command":"a","env":{"__proto__":"s3cret"}}',
  ])("refuses the key __proto__ in %s, and drops nothing in silence", (text) => {
    const said = complaint(checkDefinition, JSON.parse(text));
    expect(said).toContain('"__proto__"');
    expect(said).not.toContain("s3cret");
    expect(complaint(parseDefinition, JSON.parse(text))).toMatch(/servers\.github.*"__proto__"/u);
    expect({}).not.toHaveProperty("share");
  });

  test.for([
    { Host: "s3cret" },
    { "a b": "s3cret" },
    { "x-a": "s3cret\n" },
    { "X-A": "s3cret", "x-a": "s3cret" },
  ])("refuses the headers %o with their path", (headers) => {
    const said = complaint(checkDefinition, { url, headers });
    expect(said).toContain("servers.github.headers.");
    expect(said).not.toContain("s3cret");
  });
});

describe("a definition with several upstreams", () => {
  const upstreams = { remote: { url }, hosted: { command: "npx", env: { A: "1" } } };

  test.for([
    "remote",
    "hosted",
    { to: "hosted", share: 0.25, rest: "remote" },
    { to: "hosted", share: 0, rest: "remote" },
    { to: "hosted", share: 1, rest: "remote" },
    { to: "hosted", fallback: "remote" },
  ])("takes the route %o", (route) => {
    const definition = { upstreams, route, share: "workspace", credential };
    const checked = checkDefinition(Object.freeze(definition));
    expect(checked).toEqual(definition);
    expect(Object.isFrozen(checked.upstreams?.["remote"])).toBe(true);
    expect(Object.isFrozen(upstreams.remote)).toBe(false);
  });

  test.for([
    [8, true],
    [9, false],
  ] as const)("with %i upstreams is taken: %s", ([count, isTaken]) => {
    const names = Array.from({ length: count }, (_, index) => `u${index}`);
    const definition = {
      upstreams: Object.fromEntries(names.map((name) => [name, { url }])),
      route: "u0",
    };
    if (isTaken) expect(checkDefinition(definition)).toEqual(definition);
    else
      expect(complaint(checkDefinition, definition)).toContain("upstreams: expected from 2 to 8 upstreams.");
  });

  test("gives each upstream what it does not say itself", () => {
    const own: CredentialSource = { bind: () => ({ resolve: async () => undefined }) };
    const definition = checkDefinition({
      ...{ upstreams: { a: { url, credential: own, era: "modern" }, b: { command: "npx" } }, route: "a" },
      ...{ share: "workspace", timeoutMs: 5, credential, era: "legacy", provenance: "foreign" },
    });
    const whole = { share: "workspace", timeoutMs: 5, provenance: "foreign" };
    expect(Object.fromEntries(upstreamsOf(definition as SwitchedServer))).toEqual({
      a: { ...whole, url, credential: own, era: "modern" },
      b: { ...whole, command: "npx", credential, era: "legacy" },
    });
  });

  const routeExpected = "route: expected the name of an upstream, { to, share, rest } or { to, fallback }.";
  test.for([
    [{ upstreams: {}, route: "remote" }, "upstreams: expected from 2 to 8 upstreams."],
    [{ upstreams: { remote: { url } }, route: "remote" }, "upstreams: expected from 2 to 8 upstreams."],
    [{ upstreams: [{ url }, { url }], route: "0" }, "upstreams: expected record"],
    [{ upstreams, route: "s3cret" }, 'route: expected one of "remote", "hosted".'],
    [{ upstreams, route: "__proto__" }, 'route: expected one of "remote", "hosted".'],
    [{ upstreams }, routeExpected],
    [{ upstreams, route: { to: "hosted" } }, routeExpected],
    [{ upstreams, route: { to: "hosted", share: 1, fallback: "remote" } }, routeExpected],
    [
      { upstreams, route: { to: "hosted", share: 2, rest: "remote" } },
      "route.share: expected a number from 0 to 1.",
    ],
    [{ upstreams, route: { to: "hosted", share: NaN, rest: "remote" } }, "route.share: expected a number"],
    [{ upstreams, route: { to: "hosted", fallback: "hosted" } }, "route.fallback: expected another upstream"],
    [{ upstreams, route: { to: "s3cret", fallback: "hosted" } }, "route.to: expected one of"],
    [{ upstreams: { ...upstreams, "a b": { url } }, route: "remote" }, 'upstreams."a b": expected a name'],
    [{ upstreams: { ...upstreams, x: { url: 7 } }, route: "remote" }, "upstreams.x.url: expected"],
    [
      { upstreams: { ...upstreams, x: { url, share: "user" } }, route: "remote" },
      'upstreams.x: unknown key "share"',
    ],
    [
      { upstreams: { ...upstreams, x: { url, trust: { annotations: true } } }, route: "remote" },
      'upstreams.x: unknown key "trust"',
    ],
    [
      { upstreams, route: "remote", trust: { annotations: true }, provenance: "foreign" },
      "servers.github.trust: what the host trusts is said by its own code",
    ],
    [
      { upstreams: { ...upstreams, x: { upstreams } }, route: "remote" },
      "upstreams.x: expected an object with exactly",
    ],
    [
      { upstreams: { ...upstreams, x: { url, headers: { Host: "s3cret" } } }, route: "remote" },
      "upstreams.x.headers.",
    ],
    [
      JSON.parse(`{"upstreams":{"a":{"url":"${url}"},"__proto__":{"url":"${url}"}},"route":"a"}`),
      '"__proto__"',
    ],
  ] as const)("says of %o where and what", ([definition, message]) => {
    const said = complaint(checkDefinition, definition);
    expect(said).toContain(message);
    expect(said).toContain("servers.github");
    expect(said).not.toContain("s3cret");
  });
});

describe("parseDefinition", () => {
  test("marks what it accepts as foreign", () => {
    expect(parseDefinition({ url })).toEqual({ url, provenance: "foreign" });
    expect(parseDefinition({ command: "npx" })).toEqual({ command: "npx", provenance: "foreign" });
    expect(Object.isFrozen(parseDefinition({ url }))).toBe(true);
  });

  test.for([
    { url, provenance: "code" },
    { url, credential },
    { url, discovery: credential },
    { url, credential: "github" },
    { url, discovery: "__proto__" },
    { url: new URL(url) },
    { connect: () => {} },
    { url: "file:///etc/passwd" },
    { url, headers: { Host: "x" } },
  ])("accepts no more than plain data: %o", (definition) => {
    expect(complaint(parseDefinition, definition)).toContain("servers.github");
  });

  test("puts the host's sources where they are named", () => {
    const sources = { github: credential };
    expect(parseDefinition({ url, credential: "github", discovery: "anonymous" }, path, { sources })).toEqual(
      {
        ...{ url, credential, discovery: "anonymous", provenance: "foreign" },
      },
    );
    const upstreams = { a: { url, credential: "github" }, b: { command: "npx", discovery: "github" } };
    expect(parseDefinition({ upstreams, route: "a", credential: "github" }, path, { sources })).toEqual({
      upstreams: { a: { url, credential }, b: { command: "npx", discovery: credential } },
      ...{ route: "a", credential, provenance: "foreign" },
    });
  });

  test.for([
    [{ url, credential: "s3cret" }, 'credential: it names no credential source; there are "github".'],
    [{ url, credential: "toString" }, "credential: it names no credential source"],
    [{ url, discovery: "s3cret" }, "discovery: it names no credential source"],
    [
      { upstreams: { a: { url }, b: { url, credential: "s3cret" } }, route: "a" },
      "upstreams.b.credential: it names no credential source",
    ],
  ] as const)("says of %o which name there is not, and not what it was", ([definition, message]) => {
    const check = (given: unknown) => parseDefinition(given, path, { sources: { github: credential } });
    const said = complaint(check, definition);
    expect(said).toContain(`servers.github.${message}`);
    expect(said).not.toContain("s3cret");
  });

  test("is as strict as its schema alone", () => {
    for (const definition of [{ url }, { command: "npx", args: [] }]) {
      expect(serverDefinitionSchema.safeParse(definition).success).toBe(true);
    }
    for (const definition of [{}, { url, command: "a" }, { url, provenance: "code" }, { url: "file:///" }]) {
      expect(serverDefinitionSchema.safeParse(definition).success).toBe(false);
    }
  });
});
