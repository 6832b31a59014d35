import fc from "fast-check";
import { inspect } from "node:util";
import { describe, expect, test, vi } from "vitest";
import { errorCodes, quote, secret, serverId, TenantryError, withDetails } from "./index.ts";

describe("TenantryError", () => {
  test("begins its message with its code, and is an Error with a stack", () => {
    const error = new TenantryError("TIMEOUT", "It took too long; try again.");
    expect(error.message).toBe("[TIMEOUT] It took too long; try again.");
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toBe("TenantryError: [TIMEOUT] It took too long; try again.");
    expect(error.stack).toContain("error.test.ts");
  });

  test("is, unless told otherwise, unsent and not worth another try", () => {
    const error = new TenantryError("TIMEOUT", "x");
    expect({ ...error }).toEqual({ code: "TIMEOUT", retryable: false, delivery: "unsent" });
    expect("cause" in error).toBe(false);
  });

  test("carries what it is given", () => {
    const details = {
      cause: new Error("why"),
      retryable: true,
      retryAfterMs: 5,
      delivery: "unknown",
      recover: "reconnect",
      server: serverId("github"),
      slot: "authorization",
      authorizationUrl: new URL("https://as.example/authorize"),
      challenge: { scheme: "bearer", parameters: {} },
      status: 503,
      rpc: { code: -32_000, message: "busy" },
    } as const;
    const error = new TenantryError("SERVER_ERROR", "x", Object.freeze(details));
    expect(error).toMatchObject(details);
    expect(error.cause).toBe(details.cause);
    expect(Object.keys(error)).not.toContain("cause");
  });

  test("keeps a cause that is undefined, where somebody threw that", () => {
    expect("cause" in new TenantryError("TIMEOUT", "x", { cause: undefined })).toBe(true);
  });

  test("is known across two copies of the package", async () => {
    vi.resetModules();
    const copy = (await import("./error.ts")).TenantryError;
    expect(copy).not.toBe(TenantryError);
    expect(new copy("TIMEOUT", "x") instanceof TenantryError).toBe(true);
    expect(new TenantryError("TIMEOUT", "x") instanceof copy).toBe(true);
  });

  test.for([
    null,
    undefined,
    "x",
    new Error("x"),
    { code: "TIMEOUT" },
    Object.create(new TenantryError("TIMEOUT", "x")),
  ])("is not %o", (value) => {
    expect(value instanceof TenantryError).toBe(false);
  });

  test("shows no secret that it or its cause holds", () => {
    const hidden = secret("s3cret");
    const cause = Object.assign(new Error("why"), { hidden });
    const error = Object.assign(
      new TenantryError("CREDENTIAL_FAILED", `It failed with ${hidden}.`, { cause }),
      { hidden },
    );
    expect(error.message).toBe("[CREDENTIAL_FAILED] It failed with [redacted].");
    const shown = inspect(error, { depth: null, showHidden: true }) + JSON.stringify(error) + String(error);
    expect(shown).not.toContain("s3cret");
  });

  test("has every code once", () => {
    expect(new Set(errorCodes).size).toBe(errorCodes.length);
    for (const code of errorCodes) expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/u);
  });
});

describe("withDetails", () => {
  test("adds facts to a copy that is otherwise the same, and leaves the error alone", () => {
    const rpc = { code: -32_000, message: "busy" };
    const cause = new Error("why");
    const error = new TenantryError("SERVER_ERROR", "x; try y.", {
      cause,
      delivery: "answered",
      status: 400,
      rpc,
    });
    const more = withDetails(Object.freeze(error), { server: serverId("github"), delivery: "unknown" });
    expect(more).toBeInstanceOf(TenantryError);
    expect({ ...more }).toEqual({ ...error, server: "github", delivery: "unknown" });
    expect(more).toMatchObject({ message: error.message, stack: error.stack, cause, rpc });
    expect(Object.keys(more)).not.toContain("rpc");
    expect(JSON.stringify(more)).not.toContain("busy");
    expect("cause" in withDetails(new TenantryError("TIMEOUT", "x"), {})).toBe(false);
    expect({ ...error }).not.toHaveProperty("server");
  });
});

describe("quote", () => {
  test.for([
    ["plain", '"plain"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ["a\r\nb\tc\0", '"a\\r\\nb\\tc\\u0000"'],
    ["\u001b[31mred", '"\\u001b[31mred"'],
    ["a\u007f\u0085\u009f", '"a\\u007f\\u0085\\u009f"'],
    ["a\u2028b\u2029c", '"a\\u2028b\\u2029c"'],
    ["\u202egnp.exe\u2066\u200f", '"\\u202egnp.exe\\u2066\\u200f"'],
    ["\ufeff\u200b\u061c", '"\\ufeff\\u200b\\u061c"'],
    ["你好 \u{1f600}", '"你好 \u{1f600}"'],
  ] as const)("renders %j safely", ([text, quoted]) => {
    expect(quote(text)).toBe(quoted);
  });

  test("cuts what is long, at 120 characters or as told", () => {
    expect(quote("x".repeat(120))).toBe(`"${"x".repeat(120)}"`);
    expect(quote("x".repeat(121))).toBe(`"${"x".repeat(120)}…"`);
    expect(quote("abcdef", 3)).toBe('"abc…"');
    expect(quote("ab\u{1f600}", 3)).toBe('"ab\\ud83d…"');
  });

  test("renders anything, even what cannot become text", () => {
    expect(quote(7)).toBe('"7"');
    expect(quote(undefined)).toBe('"undefined"');
    expect(quote(Symbol("s"))).toBe('"Symbol(s)"');
    expect(quote(secret("s3cret"))).toBe('"[redacted]"');
    expect(quote(JSON.parse('{"toString":1,"valueOf":2}'))).toBe('"object"');
    expect(quote(Object.create(null))).toBe('"object"');
  });

  test("stays on one line, within its length, and says what it was given", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(0xffff), { maxLength: 60 }).map((units) => String.fromCharCode(...units)),
        (text) => {
          const quoted = quote(text);
          expect(quoted).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
          expect(JSON.parse(quoted)).toBe(text);
        },
      ),
    );
  });
});
