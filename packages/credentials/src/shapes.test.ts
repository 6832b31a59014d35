import { checkDefinition, originOf, Secret } from "@tenantry/core";
import fc from "fast-check";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { dependencies, failure, hosted, remote, request, resolve, sent, thrown } from "../test/fixture.ts";
import { bearer, env, fromContext, fromFunction, fromStatic, header } from "./index.ts";

const t = fromStatic("s3cret-value");

describe("bearer", () => {
  test("sends the value in the Authorization header", async () => {
    expect(await sent(await resolve(bearer(t)))).toEqual({ authorization: "Bearer s3cret-value" });
  });

  test.for(["a.b-c_d~e+f/g==", "1|aBc", "id:secret", "~!*'()"])("accepts the token %s", async (token) => {
    const credential = await resolve(bearer(fromStatic(token)));
    expect(await sent(credential)).toEqual({ authorization: `Bearer ${token}` });
  });

  test.for([
    "Bearer abc",
    "two words",
    "abc\n",
    " abc",
    "a\tb",
    "a\0b",
    "é",
    "\u{1f600}",
    "\ud800",
    "a\u0085b",
  ])("refuses the token %j without showing it", async (token) => {
    const error = await failure(resolve(bearer(fromStatic(token))));
    expect(error).toMatchObject({ code: "CREDENTIAL_INVALID", server: "github", slot: "authorization" });
    expect(inspect(error)).not.toContain(token);
    expect(inspect(error)).not.toContain(JSON.stringify(token).slice(1, -1));
  });

  test("refuses a token that no header can hold", async () => {
    const error = await failure(resolve(bearer(fromStatic("x".repeat(9_000)))));
    expect(error).toMatchObject({ code: "CREDENTIAL_INVALID" });
  });
});

describe("header", () => {
  test("sends the value under the lower-case name", async () => {
    expect(await sent(await resolve(header("X-API-Key", t)))).toEqual({ "x-api-key": "s3cret-value" });
  });

  test.for(["a\r\nEvil: 1", "a\nb", "a\0b", "\u{1f600}", "a\u007fb"])(
    "refuses the value %j without showing it",
    async (text) => {
      const error = await failure(resolve(header("x-key", fromStatic(text))));
      expect(error).toMatchObject({ code: "CREDENTIAL_INVALID", server: "github", slot: "x-key" });
      expect(inspect(error)).not.toContain("Evil");
    },
  );

  test.for([
    "Host",
    "content-length",
    "Mcp-Session-Id",
    "MCP-Protocol-Version",
    "Connection",
    "Transfer-Encoding",
  ])("refuses the reserved name %s where it is made", (name) => {
    expect(thrown(() => header(name, t))).toMatchObject({ code: "CREDENTIAL_INVALID" });
  });

  test.for(["", " ", "x key", "x\nkey", "x:key", "clé", undefined, 7])(
    "refuses the malformed name %j where it is made",
    (name) => {
      expect(thrown(() => header(name as string, t))).toMatchObject({ code: "CREDENTIAL_INVALID" });
    },
  );

  test("lets the definition's header win, unless it replaces it", async () => {
    const url = new URL("https://api.example.com/mcp");
    const plain = await resolve(header("x-key", t));
    const winning = await resolve(header("x-key", t, { replaces: true }));
    expect(await plain?.headers?.({ method: "POST", url })).toMatchObject({ "x-key": { replaces: false } });
    expect(await winning?.headers?.({ method: "POST", url })).toMatchObject({ "x-key": { replaces: true } });
  });

  test("can be named as what every object inherits", async () => {
    expect(await sent(await resolve(header("constructor", t)))).toEqual({ constructor: "s3cret-value" });
    const named = await sent(await resolve(header("__proto__", t)));
    expect(Object.entries(named)).toEqual([["__proto__", "s3cret-value"]]);
  });
});

describe("env", () => {
  test("gives the value in the variable of a hosted server", async () => {
    const credential = await resolve(env("GITHUB_TOKEN", t), { server: hosted });
    expect(await sent(credential)).toEqual({ GITHUB_TOKEN: "s3cret-value" });
    expect(credential?.env?.["GITHUB_TOKEN"]).toBeInstanceOf(Secret);
    expect(credential?.headers).toBeUndefined();
    expect(credential?.origins).toEqual([]);
  });

  test("takes a value of several lines, and refuses a NUL character", async () => {
    const key = "-----BEGIN KEY-----\nabc\n-----END KEY-----\n";
    const lines = await resolve(env("KEY", fromStatic(key)), { server: hosted });
    expect(await sent(lines)).toEqual({ KEY: key });
    for (const text of ["s3cret\0", "s3cret\ud800", "s3cret".repeat(20_000)]) {
      const error = await failure(resolve(env("KEY", fromStatic(text)), { server: hosted }));
      expect(error).toMatchObject({ code: "CREDENTIAL_INVALID", server: "files", slot: "KEY" });
      expect(inspect(error)).not.toContain("s3cret");
    }
  });

  test.for(["", "1A", "A B", "A=s3cret", "A\0", "É", undefined, 7])(
    "refuses the name %j where it is made",
    (name) => {
      const error = thrown(() => env(name as string, t));
      expect(error).toMatchObject({ code: "CREDENTIAL_INVALID" });
      expect(String(error)).not.toContain("s3cret");
    },
  );
});

describe("a shape", () => {
  test("that is optional gives no credential where there is no value", async () => {
    const optional = { required: false } as const;
    expect(await resolve(bearer(fromContext("a"), optional))).toBeUndefined();
    expect(await resolve(header("x-a", fromContext("a"), optional))).toBeUndefined();
    expect(await resolve(env("A", fromContext("a"), optional), { server: hosted })).toBeUndefined();
  });

  test("that is optional still fails with its source", async () => {
    const source = fromFunction(() => Promise.reject(new Error("down")));
    const error = await failure(resolve(bearer(source, { required: false })));
    expect(error).toMatchObject({ code: "CREDENTIAL_FAILED" });
  });

  test("is called by its slot in errors", async () => {
    const missing = fromContext("a");
    const named = { slot: "the key" } as const;
    for (const [shape, server] of [
      [bearer(missing, named), remote],
      [header("x-a", missing, named), remote],
      [env("A", missing, named), hosted],
    ] as const) {
      expect(shape.slot).toBe("the key");
      expect(await failure(resolve(shape, { server }))).toMatchObject({
        code: "CREDENTIAL_MISSING",
        slot: "the key",
      });
    }
    expect(await failure(resolve(header("X-A", missing)))).toMatchObject({ slot: "x-a" });
    expect(thrown(() => bearer(t, { slot: "" }))).toMatchObject({ code: "CREDENTIAL_INVALID" });
  });

  test("of the wrong kind for its server says which to use, and reads no value", async () => {
    let reads = 0;
    const counted = fromFunction(() => (reads++, "t"));
    for (const shape of [
      bearer(counted),
      header("x-a", counted),
      bearer(counted, { origins: ["https://a.example"] }),
    ]) {
      expect(await failure(resolve(shape, { server: hosted }))).toMatchObject({
        code: "CREDENTIAL_INVALID",
        server: "files",
        message: expect.stringContaining("use env() instead of") as string,
      });
    }
    expect(await failure(resolve(env("A", counted)))).toMatchObject({
      code: "CREDENTIAL_INVALID",
      server: "github",
      message: expect.stringContaining("use bearer() or header() instead of env()") as string,
    });
    expect(reads).toBe(0);
  });

  test("leaves a source that hangs when the caller does", async () => {
    const caller = new AbortController();
    const hang = { describe: () => "nothing", read: () => new Promise<string>(() => {}) };
    const resolving = failure(resolve(bearer(hang), { signal: caller.signal }));
    caller.abort("gone");
    expect(await resolving).toBe("gone");
  });

  test("given the value itself instead of a source is refused without showing it", () => {
    for (const make of [
      () => bearer("s3cret" as never),
      () => header("x-a", "s3cret" as never),
      () => env("A", {} as never),
    ]) {
      const error = thrown(make);
      expect(error).toMatchObject({ code: "CREDENTIAL_INVALID" });
      expect(inspect(error)).not.toContain("s3cret");
    }
  });

  test("is what a definition takes as its credential", () => {
    const definition = { url: "https://api.example.com/mcp", credential: bearer(fromContext("githubToken")) };
    expect(checkDefinition(definition).credential).toBe(definition.credential);
  });

  test("shares nothing between two binds", async () => {
    const source = bearer(t);
    const [one, two] = [
      source.bind(dependencies),
      source.bind({ ...dependencies, fingerprint: () => "other" }),
    ];
    expect((await one.resolve(request()))?.subject).not.toBe("other");
    expect((await two.resolve(request()))?.subject).toBe("other");
    expect(one).not.toBe(two);
  });
});

describe("where a credential goes", () => {
  test("is the server's own origin, unless origins are named", async () => {
    expect((await resolve(bearer(t)))?.origins).toEqual(["https://api.example.com"]);
    const named = bearer(t, {
      origins: ["https://API.X.com:443/mcp?q", new URL("https://b.example:8443/"), "https://api.x.com"],
    });
    expect((await resolve(named))?.origins).toEqual(["https://api.x.com", "https://b.example:8443"]);
  });

  test.for([
    "",
    "api.x.com",
    "file:///etc",
    "data:,x",
    "ftp://x.com",
    "https://api.x.com@evil.com/",
    "https://u:s3cret@x.com",
    null,
  ])("cannot be %j", (origin) => {
    const error = thrown(() => bearer(t, { origins: [origin as string] }));
    expect(error).toMatchObject({ code: "CREDENTIAL_INVALID" });
    expect(String(error)).not.toContain("s3cret");
  });

  test("cannot be nowhere, which would drop a required credential in silence", () => {
    for (const origins of [[], null, "https://x.com"]) {
      expect(thrown(() => bearer(t, { origins: origins as never }))).toMatchObject({
        code: "CREDENTIAL_INVALID",
      });
    }
  });
});

describe("a credential", () => {
  test("is frozen, with the same frozen headers each time", async () => {
    const credential = await resolve(bearer(t));
    const ask = { method: "POST", url: new URL("https://api.example.com/mcp") };
    const headers = await credential?.headers?.(ask);
    expect(await credential?.headers?.(ask)).toBe(headers);
    const variables = await resolve(env("A", t), { server: hosted });
    const all = [
      credential,
      credential?.origins,
      headers,
      headers?.["authorization"],
      variables,
      variables?.env,
      variables?.origins,
    ];
    for (const each of all) expect(Object.isFrozen(each)).toBe(true);
  });

  test("has the same subject and generation for the same value", async () => {
    const [one, two] = [await resolve(bearer(t)), await resolve(bearer(fromStatic("s3cret-value")))];
    expect(one).toMatchObject({ subject: two?.subject, generation: two?.generation });
  });

  test("stays with its generation when its static value is refused, so that nobody asks for ever", async () => {
    const source = bearer(t);
    const generation = (await resolve(source))?.generation ?? "";
    expect((await resolve(source, { rejected: { generation } }))?.generation).toBe(generation);
  });

  test("has another subject for any other shape, slot or value, and its subject tells none of them", async () => {
    const text = fc.string({ unit: fc.constantFrom(...'aZ0-|,[]"\\'), minLength: 6, maxLength: 9 });
    const one = fc.tuple(fc.constantFrom("bearer", "header", "x-a", "x-b"), text, text);
    const resolved = async ([shape, slot, value]: readonly [string, string, string]) => {
      const source = fromStatic(value);
      const credential = await resolve(
        shape === "bearer" ? bearer(source, { slot }) : header(shape, source, { slot }),
      );
      expect(credential?.subject).not.toContain(value);
      expect(credential?.generation).not.toContain(value);
      return credential?.subject;
    };
    await fc.assert(
      fc.asyncProperty(
        one,
        one,
        fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
        async (a, other, mix) => {
          const pick = (index: 0 | 1 | 2) => (mix[index] ? other[index] : a[index]);
          const b = [pick(0), pick(1), pick(2)] as const;
          const same = JSON.stringify(a) === JSON.stringify(b);
          expect((await resolved(a)) === (await resolved(b))).toBe(same);
        },
      ),
    );
  });

  test("has another subject where it may go elsewhere or replaces a header, so that no connection serves both", async () => {
    const subjects = await Promise.all(
      [{}, { replaces: true }, { origins: ["https://elsewhere.example"] }].map(
        async (options) => (await resolve(header("x-a", t, options)))?.subject,
      ),
    );
    expect(new Set(subjects).size).toBe(3);
  });

  test("has an unambiguous text under its fingerprint", async () => {
    const plain = { ...dependencies, fingerprint: (text: string) => text };
    const subject = async (slot: string, value: string) =>
      (await header("x-a", fromStatic(value), { slot }).bind(plain).resolve(request()))?.subject;
    await fc.assert(
      fc.asyncProperty(
        fc.string({ minLength: 1, unit: fc.constantFrom(...'a",[]\\') }),
        fc.nat(),
        async (text, at) => {
          const cut = at % text.length;
          const [left, right] = [text.slice(0, cut) || "x", text.slice(cut)];
          const list = JSON.parse((await subject(left, right)) ?? "") as unknown[];
          expect([...list.slice(0, 3), list.at(-1)]).toEqual(["header", "x-a", left, right]);
        },
      ),
    );
  });
});

describe("a value that has not changed", () => {
  const digested = () => {
    const texts: string[] = [];
    const fingerprint = (text: string) => (texts.push(text), dependencies.fingerprint(text));
    return { texts, dependencies: { ...dependencies, fingerprint } };
  };
  const everyone = { share: "everyone" } as const;

  test("is digested once for each context, and gives the same credential", async () => {
    const { texts, dependencies } = digested();
    for (const [shape, server] of [
      [bearer(fromContext("token")), remote],
      [env("TOKEN", fromContext("token")), hosted],
    ] as const) {
      texts.length = 0;
      const provider = shape.bind(dependencies);
      const [ada, bob] = [Object.freeze({ token: "same" }), Object.freeze({ token: "same" })];
      const first = await provider.resolve(request({ server, context: ada }));
      expect(await provider.resolve(request({ server, context: ada }))).toBe(first);
      expect(await provider.resolve(request({ server, context: bob }))).not.toBe(first);
      expect(texts).toHaveLength(2);
    }
  });

  test("is told from one that has: the old credential is never given for a new value", async () => {
    const text = fc.constantFrom("one", "two", "three", undefined);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(1), text), { maxLength: 20 }), async (steps) => {
        const contexts: { token?: string | Secret | undefined }[] = [{}, {}];
        const provider = header("x-a", fromContext("token"), { required: false }).bind(dependencies);
        for (const [whose, token] of steps) {
          const context = contexts[whose] as { token?: unknown };
          context.token = token;
          const credential = await provider.resolve(request({ context }));
          expect(await sent(credential)).toEqual(token === undefined ? {} : { "x-a": token });
          const fresh = await resolve(header("x-a", fromContext("token"), { required: false }), { context });
          expect(credential?.subject).toBe(fresh?.subject);
        }
      }),
    );
  });

  test("is given for no other server's origin", async () => {
    const provider = bearer(fromContext("token")).bind(dependencies);
    const context = Object.freeze({ token: "t" });
    const elsewhere = { ...remote, origin: originOf("https://elsewhere.example") };
    expect((await provider.resolve(request({ context })))?.origins).toEqual([remote.origin]);
    expect((await provider.resolve(request({ context, server: elsewhere })))?.origins).toEqual([
      "https://elsewhere.example",
    ]);
    expect((await provider.resolve(request({ context })))?.origins).toEqual([remote.origin]);
  });

  test("is not remembered for a connection that users share", async () => {
    const { texts, dependencies } = digested();
    const provider = bearer(t).bind(dependencies);
    const context = Object.freeze({});
    for (let turn = 0; turn < 3; turn++) await provider.resolve(request({ context, scope: everyone }));
    expect(texts).toHaveLength(3);
  });

  test("is still refused where it cannot be sent", async () => {
    const provider = bearer(fromContext("token")).bind(dependencies);
    const context = Object.freeze({ token: "two words" });
    for (let turn = 0; turn < 2; turn++) {
      expect(await failure((async () => provider.resolve(request({ context })))())).toMatchObject({
        code: "CREDENTIAL_INVALID",
      });
    }
  });
});

describe("no secret is shown", () => {
  test("by a source, a shape, a provider or a credential", async () => {
    const shapes = [bearer(t), header("x-a", t)];
    const things: unknown[] = [t, ...shapes];
    for (const shape of shapes) {
      const credential = await resolve(shape);
      const headers = await credential?.headers?.({ method: "GET", url: new URL("https://api.example.com") });
      things.push(shape.bind(dependencies), credential, headers);
    }
    things.push(await resolve(env("A", t), { server: hosted }));
    for (const thing of things) {
      const shown = [inspect(thing, { depth: null, showHidden: true }), JSON.stringify(thing), String(thing)];
      expect(shown.join("\n")).not.toContain("s3cret-value");
    }
  });

  test("by the error of a failed or malformed one", async () => {
    const failing = { describe: () => "x", read: () => Promise.reject(new Error("down")) };
    const broken = fromStatic("s3cret-value\r\n");
    for (const shape of [bearer(failing), bearer(broken), header("x-a", broken)]) {
      const error = await failure(resolve(shape, { context: { token: "s3cret-value" } }));
      const shown = [inspect(error, { depth: null, showHidden: true }), JSON.stringify(error), String(error)];
      expect(shown.join("\n")).not.toContain("s3cret-value");
    }
  });
});

test("a resolution is traced with its scope and its server, and nothing else", async () => {
  const events: unknown[] = [];
  const listen = (event: unknown) => void events.push({ ...(event as object) });
  subscribe("tracing:tenantry:credentials:resolve:start", listen);
  try {
    await resolve(bearer(fromContext("token")), { context: { token: "s3cret-value" } });
  } finally {
    unsubscribe("tracing:tenantry:credentials:resolve:start", listen);
  }
  expect(events).toEqual([{ scope: request().scope, server: "github" }]);
});
