import { describe, expect, it } from "vitest";
import { frozen } from "../test/frozen.ts";
import { fitSchema, unfitArguments, type Target } from "./index.ts";

const openai: Target = { provider: "openai", strict: true };

function unfit(schema: object, given: unknown, target = openai) {
  return unfitArguments(frozen(given), fitSchema({ type: "object", ...schema }, target));
}

describe("arguments", () => {
  it("come back as they are where nothing has to change", () => {
    const schema = { properties: { a: { type: "string" } }, required: ["a"] };
    const given = { a: "x" };
    expect(unfit(schema, given)).toBe(given);
    const fitted = fitSchema({ type: "object", properties: { a: { type: "string" } } }, openai);
    expect(unfitArguments(given, fitted)).toBe(given);
  });

  it("leave out what is optional and null, at every depth", () => {
    const part = {
      type: "object",
      properties: { x: { type: "number" }, y: { type: "number" } },
      required: ["x"],
    };
    const schema = { properties: { one: part, many: { type: "array", items: part } } };
    expect(
      unfit(schema, {
        one: null,
        many: [
          { x: 1, y: null },
          { x: 2, y: 3 },
        ],
      }),
    ).toEqual({
      many: [{ x: 1 }, { x: 2, y: 3 }],
    });
  });

  it("keep a null that the tool takes, or that is required", () => {
    const schema = {
      properties: { a: { type: ["string", "null"] }, b: { type: "null" }, c: { type: "string" } },
      required: ["c"],
    };
    expect(unfit(schema, { a: null, b: null, c: null })).toEqual({ a: null, b: null, c: null });
  });

  it("get their names back", () => {
    const schema = { properties: { "a b": { properties: { "": { type: "string" } } } }, required: ["a b"] };
    const fitted = fitSchema({ type: "object", ...schema }, { provider: "google" });
    const [outer = ""] = Object.keys(fitted.schema["properties"] as object);
    const inner = Object.keys(
      (fitted.schema["properties"] as Record<string, { properties: object }>)[outer]?.properties ?? {},
    ).join();
    expect(unfitArguments({ [outer]: { [inner]: "x" } }, fitted)).toEqual({ "a b": { "": "x" } });
  });

  it("of whole JSON Schema get their names back, in every part of it", () => {
    const part = { type: "object", properties: { "a b": { type: "string" } } };
    const fitted = fitSchema(
      {
        type: "object",
        properties: {
          u: { oneOf: [{ type: "string" }, part] },
          r: { $ref: "#/$defs/d" },
          all: { allOf: [part] },
        },
        $defs: { d: part },
      },
      { provider: "anthropic" },
    );
    const [key = ""] = Object.keys((fitted.schema["$defs"] as { d: { properties: object } }).d.properties);
    const given = { u: { [key]: "1" }, r: { [key]: "2" }, all: { [key]: "3" } };
    expect(unfitArguments(given, fitted)).toEqual({
      u: { "a b": "1" },
      r: { "a b": "2" },
      all: { "a b": "3" },
    });
  });

  it("become maps again", () => {
    const schema = {
      properties: {
        headers: { type: "object", additionalProperties: { type: "string" } },
        free: { type: "object" },
        any: {},
      },
    };
    expect(
      unfit(schema, {
        headers: [
          { name: "x", value: "1" },
          { name: "__proto__", value: "2" },
        ],
        free: '{"deep":[1]}',
        any: "[null]",
      }),
    ).toEqual({ headers: JSON.parse('{"x":"1","__proto__":"2"}'), free: { deep: [1] }, any: [null] });
  });

  it("are left as they are where they are no JSON text and no list of entries", () => {
    const schema = {
      properties: { m: { type: "object", additionalProperties: { type: "string" } }, any: {} },
    };
    expect(unfit(schema, { m: [{ key: "x" }], any: "{not json" })).toEqual({
      m: [{ key: "x" }],
      any: "{not json",
    });
    expect(unfit(schema, { m: { a: "b" }, any: 5 })).toEqual({ m: { a: "b" }, any: 5 });
  });

  it("get other properties back beside the named ones, which win", () => {
    const schema = { properties: { a: { type: "string" } }, additionalProperties: { type: "string" } };
    expect(
      unfit(schema, {
        a: "named",
        additional_properties: [
          { name: "a", value: "other" },
          { name: "b", value: "more" },
        ],
      }),
    ).toEqual({ a: "named", b: "more" });
    expect(unfit(schema, { a: "named", additional_properties: null })).toEqual({ a: "named" });
  });

  it("are read by the branch of a union that they fit", () => {
    const branch = (kind: string, more: object) => ({
      type: "object",
      properties: { kind: { const: kind }, ...more },
      required: ["kind"],
    });
    const schema = {
      properties: {
        u: {
          anyOf: [
            branch("text", { note: { type: "string" } }),
            branch("map", { note: { type: ["string", "null"] } }),
          ],
        },
      },
    };
    expect(unfit(schema, { u: { kind: "text", note: null } })).toEqual({ u: { kind: "text" } });
    expect(unfit(schema, { u: { kind: "map", note: null } })).toEqual({ u: { kind: "map", note: null } });
  });

  it("are followed through references that hold themselves", () => {
    const schema = {
      properties: { tree: { $ref: "#/$defs/n" } },
      required: ["tree"],
      $defs: { n: { type: "object", properties: { v: { type: "string" }, next: { $ref: "#/$defs/n" } } } },
    };
    expect(unfit(schema, { tree: { v: null, next: { v: "x", next: null } } })).toEqual({
      tree: { next: { v: "x" } },
    });
  });

  it("of any form are only read", () => {
    const schema = { properties: { a: { type: "object", properties: { b: { type: "string" } } } } };
    for (const given of [null, 5, "x", [], { a: [] }, { a: "x" }, { z: null }, { a: { b: { c: null } } }])
      expect(unfit(schema, given)).toEqual(given);
    let deep: unknown = null;
    for (let depth = 0; depth < 5_000; depth++) deep = { a: deep };
    const fitted = fitSchema({ type: "object", properties: { a: { $ref: "#" } } }, openai);
    expect(() => unfitArguments(deep, fitted)).not.toThrow();
  });
});
