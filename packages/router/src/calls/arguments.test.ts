import { secret } from "@tenantry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonArguments } from "./arguments.ts";

const limits = { maxArgumentDepth: 5, maxArgumentSize: 1_000 };
const code = (expected: string) => expect.objectContaining({ code: expected });
const check = (args: unknown) => jsonArguments(args, limits);

describe("jsonArguments", () => {
  it("gives a copy that JSON turns into the same text", () => {
    const roomy = { maxArgumentDepth: 100, maxArgumentSize: 1_000_000 };
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), (args) => {
        expect(JSON.stringify(jsonArguments(args, roomy))).toBe(JSON.stringify(args));
      }),
    );
  });

  it("is not changed by a later change of the arguments", () => {
    const args = { list: [1], nested: { a: 1 } };
    const copy = check(args);
    args.list.push(2);
    args.nested.a = 2;
    expect(copy).toEqual({ list: [1], nested: { a: 1 } });
  });

  it("leaves frozen arguments as they are and leaves out what is undefined", () => {
    expect(check(Object.freeze({ a: undefined, b: Object.freeze([1]) }))).toEqual({ b: [1] });
  });

  it("keeps a hostile key as a key", () => {
    const copy = check(JSON.parse('{"__proto__":{"admin":true},"constructor":1}'));
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"admin":true},"constructor":1}');
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
  });

  it("allows one value in two places", () => {
    const shared = { a: 1 };
    expect(check({ one: shared, two: shared })).toEqual({ one: { a: 1 }, two: { a: 1 } });
  });

  it.each([
    ["nothing", null],
    ["a list", []],
    ["text", "{}"],
    ["a class's instance", new (class Arguments {})()],
    ["a date", { when: new Date(0) }],
    ["a map", { map: new Map() }],
    ["a big integer", { n: 1n }],
    ["a function", { f: () => 1 }],
    ["a symbol", { s: Symbol("s") }],
    ["a number that JSON lacks", { n: Number.NaN }],
    ["an infinite number", { n: [Number.POSITIVE_INFINITY] }],
    ["a hole", { list: new Array<number>(3) }],
    ["a huge hole", { list: new Array<number>(4_000_000_000) }],
    ["a secret", { token: secret("s3cret") }],
  ])("refuses %s", (_what, args) => {
    expect(() => check(args)).toThrow(code("ARGUMENT_INVALID"));
  });

  it("refuses what contains itself", () => {
    const args: Record<string, unknown> = {};
    args["list"] = [args];
    expect(() => check(args)).toThrow(code("ARGUMENT_INVALID"));
  });

  it("says where, and never what", () => {
    expect(() => check({ user: { "a\u202e": [1, { s3cret: Symbol("s3cret-value") }] } })).toThrow(
      '[ARGUMENT_INVALID] arguments["user"]["a\\u202e"][1]["s3cret"] is of the type symbol; give a value that JSON can hold.',
    );
  });

  it("is bounded in depth and in size", () => {
    expect(() => check({ a: { a: { a: { a: { a: {} } } } } })).toThrow(code("LIMIT_EXCEEDED"));
    expect(() => check({ text: "x".repeat(1_000) })).toThrow(code("LIMIT_EXCEEDED"));
    expect(() => check({ ["k".repeat(1_000)]: 1 })).toThrow(code("LIMIT_EXCEEDED"));
    expect(() => check({ list: new Array<number>(1_000).fill(0) })).toThrow(code("LIMIT_EXCEEDED"));
    expect(check({ text: "x".repeat(900), list: [[[[]]]] })).toBeDefined();
  });
});
