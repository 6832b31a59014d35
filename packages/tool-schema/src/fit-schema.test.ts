import { describe, expect, it } from "vitest";
import { frozen } from "../test/frozen.ts";
import { fitSchema, type Target } from "./index.ts";

const openai: Target = { provider: "openai", strict: true };
const anthropic: Target = { provider: "anthropic", strict: true };
const google: Target = { provider: "google" };
const googleJson: Target = { provider: "google", field: "parametersJsonSchema" };

/** What becomes of one property's schema, required or not. */
function fitOne(schema: unknown, target: Target, more: object = {}, required = ["p"]) {
  const whole = frozen({ type: "object", properties: { p: schema }, required, ...more });
  const fitted = fitSchema(whole, target);
  return { ...fitted, one: (fitted.schema["properties"] as Record<string, unknown>)["p"] };
}

describe("a schema that needs no change", () => {
  const schema = frozen({
    type: "object",
    properties: {
      city: { type: "string", description: "Where." },
      unit: { type: "string", enum: ["C", "F"] },
    },
    required: ["city", "unit"],
    additionalProperties: false,
  });

  it.each([
    { provider: "openai" },
    openai,
    { provider: "anthropic" },
    anthropic,
    googleJson,
    { provider: "bedrock", strict: true },
  ] satisfies Target[])("is given back itself: %o", (target) => {
    const fitted = fitSchema(schema, target);
    expect(fitted.schema).toBe(schema);
    expect(fitted).toMatchObject({ changed: false, hints: [] });
    expect(fitted.note).toBeUndefined();
    expect(fitted.undo.size).toBe(0);
  });

  it("is itself however deep it is", () => {
    let deep: object = { type: "string" };
    for (let level = 0; level < 28; level++)
      deep = { anyOf: [{ anyOf: [{ type: "object", properties: { a: deep } }] }] };
    const whole = { type: "object", properties: { a: deep } };
    expect(fitSchema(whole, { provider: "anthropic" }).schema).toBe(whole);
    expect(fitSchema(whole, googleJson).schema).toBe(whole);
  });

  it("gets no empty description", () => {
    const { schema: fitted } = fitSchema({ ...schema, additionalProperties: true }, anthropic);
    expect(JSON.stringify(fitted)).not.toContain('"description":""');
  });
});

describe("limits of values", () => {
  it("stay where they are taken, and are told where they are not", () => {
    const schema = { type: "string", minLength: 2, pattern: "^a+$", format: "uri", description: "A place." };
    expect(fitOne(schema, openai).one).toEqual({
      type: "string",
      pattern: "^a+$",
      description: "A place.\n\nConstraints: at least 2 characters; in the format uri.",
    });
    expect(fitOne(schema, anthropic).one).toEqual({
      type: "string",
      pattern: "^a+$",
      format: "uri",
      description: "A place.\n\nConstraints: at least 2 characters.",
    });
    expect(fitOne(schema, google).one).toEqual({
      type: "string",
      minLength: 2,
      pattern: "^a+$",
      description: "A place.\n\nConstraints: in the format uri.",
    });
  });

  it("are all told where the model heeds none", () => {
    const schema = { type: "integer", minimum: 1, maximum: 5, multipleOf: 2 };
    for (const target of [openai, { provider: "openai" } as const, googleJson]) {
      expect(fitOne(schema, { ...target, constraints: false }).one).toEqual({
        type: "integer",
        description: "Constraints: at least 1; at most 5; a multiple of 2.",
      });
    }
  });

  it("say where they were and what was said", () => {
    expect(fitOne({ type: "array", items: { type: "string", maxLength: 3 } }, openai).hints).toEqual([
      { path: ["p", "[]"], keyword: "maxLength", text: "at most 3 characters" },
    ]);
  });

  it("of whole numbers become inclusive where only that is taken", () => {
    expect(fitOne({ type: "integer", exclusiveMinimum: 0, exclusiveMaximum: 9.5 }, google).one).toEqual({
      type: "integer",
      minimum: 1,
      maximum: 9,
    });
    expect(fitOne({ type: "number", exclusiveMinimum: 0 }, google).one).toEqual({
      type: "number",
      description: "Constraints: more than 0.",
    });
  });

  it.each(["^(?!x).*$", "(?<=a)b", "(a)\\1", "\\bword\\b", "\\p{L}+", "(?<name>a)", "("])(
    "by a pattern that automata cannot have are told: %s",
    (pattern) => {
      for (const target of [openai, anthropic, google, { provider: "openai" } as const])
        expect(fitOne({ type: "string", pattern }, target).one).toEqual({
          type: "string",
          description: `Constraints: matches the pattern ${pattern}.`,
        });
    },
  );

  it("by a pattern stay for Anthropic where it compiles", () => {
    expect(fitOne({ type: "string", pattern: "^(?!x)a" }, { provider: "anthropic" }).changed).toBe(false);
    expect(fitOne({ type: "string", pattern: "(" }, { provider: "anthropic" }).one).toEqual({
      type: "string",
      description: "Constraints: matches the pattern (.",
    });
  });

  it("of any kind are told", () => {
    const schema = {
      type: "object",
      properties: { a: { type: "string", default: "x", examples: ["y"], deprecated: true } },
      required: ["a"],
      additionalProperties: false,
      minProperties: 1,
      propertyNames: { maxLength: 9 },
      dependentRequired: { a: ["b"] },
      not: { required: ["z"] },
    };
    const { one } = fitOne(schema, openai);
    expect(one).toMatchObject({
      description:
        'Constraints: at least 1 properties; names of properties like {"maxLength":9}; properties that need others: {"a":["b"]}; not {"required":["z"]}.',
      properties: { a: { description: 'Constraints: by default x; for example ["y"]; deprecated.' } },
    });
  });
});

describe("types", () => {
  it("of several kinds become a union", () => {
    expect(fitOne({ type: ["string", "number"], minLength: 1, description: "D" }, googleJson).one).toEqual({
      description: "D",
      anyOf: [{ type: "string", description: "Constraints: at least 1 characters." }, { type: "number" }],
    });
    expect(fitOne({ type: ["string", "number"], description: "D" }, google).one).toEqual({
      anyOf: [{ type: "string", description: "D" }, { type: "number" }],
    });
  });

  it("with null are said as each provider says it", () => {
    for (const schema of [
      { type: ["string", "null"] },
      { type: "string", nullable: true },
      { anyOf: [{ type: "string" }, { type: "null" }] },
    ])
      expect(fitOne(schema, google).one).toEqual({ type: "string", nullable: true });
    expect(fitOne({ type: ["string", "null"] }, openai).changed).toBe(true);
    expect(fitOne({ type: ["null", "string"] }, openai).one).toEqual({ type: ["null", "string"] });
    expect(fitOne({ type: "string", nullable: true }, openai).one).toEqual({ type: ["string", "null"] });
  });

  it("are found where they are not named", () => {
    expect(fitOne({ enum: ["a", "b"] }, openai).one).toEqual({ type: "string", enum: ["a", "b"] });
    expect(fitOne({ properties: { a: { minimum: 1 } } }, google).one).toEqual({
      type: "object",
      properties: { a: { type: "number", minimum: 1 } },
    });
  });

  it("of older and other drafts are read", () => {
    expect(fitOne({ type: "STRING" }, google).one).toEqual({ type: "string" });
    expect(fitOne({ type: "number", minimum: 0, exclusiveMinimum: true }, openai).one).toEqual({
      type: "number",
      exclusiveMinimum: 0,
    });
    const tuple = { type: "array", items: [{ type: "string" }, { type: "number" }], additionalItems: false };
    expect(fitOne(tuple, { provider: "anthropic" }).one).toEqual({
      type: "array",
      prefixItems: [{ type: "string" }, { type: "number" }],
      items: false,
    });
  });
});

describe("listed values", () => {
  it("are taken by what they are", () => {
    expect(fitOne({ type: "integer", enum: [1, 2] }, google).one).toEqual({
      type: "integer",
      description: "Constraints: one of 1, 2.",
    });
    expect(fitOne({ type: "integer", enum: [1, 2] }, googleJson).one).toEqual({
      type: "integer",
      enum: [1, 2],
    });
    expect(fitOne({ enum: [true] }, googleJson).one).toEqual({
      type: "boolean",
      description: "Constraints: one of true.",
    });
    expect(fitOne({ type: "string", enum: ["", "a"] }, google).one).toEqual({
      type: "string",
      description: 'Constraints: one of "", "a".',
    });
  });

  it("of several types become a union", () => {
    expect(fitOne({ enum: ["a", 1, null] }, openai).one).toEqual({
      anyOf: [{ type: "string", enum: ["a"] }, { type: "integer", enum: [1] }, { type: "null" }],
    });
  });

  it("of one value are a list where a constant is not taken", () => {
    expect(fitOne({ const: "a" }, google).one).toEqual({ type: "string", enum: ["a"] });
    expect(fitOne({ const: "a" }, openai).one).toEqual({ type: "string", const: "a" });
    expect(fitOne({ const: 1 }, google).one).toEqual({
      type: "integer",
      description: "Constraints: exactly 1.",
    });
  });

  it("with null in them stay as they are", () => {
    const schema = { type: ["string", "null"], enum: [null, "a"] };
    expect(fitOne(schema, openai).one).toEqual(schema);
    expect(fitOne(schema, google).one).toEqual({ type: "string", enum: ["a"], nullable: true });
    expect(fitOne(schema, googleJson).one).toEqual({
      anyOf: [{ type: "string", enum: ["a"] }, { type: "null" }],
    });
  });

  it("count with the null that is added to them", () => {
    const values = (from: number) => Array.from({ length: 500 }, (_, at) => `v${from + at}`);
    const two = (required: string[]) =>
      fitSchema(
        { type: "object", properties: { a: { enum: values(0) }, b: { enum: values(500) } }, required },
        openai,
      ).schema["properties"];
    expect(two(["a", "b"])).toMatchObject({ b: { enum: values(500) } });
    expect(two([])).toMatchObject({
      b: { type: ["string", "null"], description: expect.stringContaining("one of") },
    });
    const full = { enum: [...values(0), ...values(500)] };
    expect(fitOne(full, openai, {}, []).one).toEqual({
      anyOf: [{ type: "string", ...full }, { type: "null" }],
    });
  });

  it("are told where there are more than a strict function may have", () => {
    const values = Array.from({ length: 1_001 }, (_, at) => `v${at}`);
    const { one } = fitOne({ type: "string", enum: values }, openai);
    expect(one).toMatchObject({
      type: "string",
      description: expect.stringMatching(/^Constraints: one of "v0", .*…\.$/u),
    });
  });
});

describe("bounds of a provider", () => {
  it("keep the properties that are required where there is no room for all", () => {
    const names = Array.from({ length: 6_000 }, (_, index) => `p${index}`);
    const schema = {
      type: "object",
      properties: Object.fromEntries(names.map((name) => [name, { type: "string" }])),
      required: ["p5999"],
    };
    for (const target of [openai, google]) {
      const { schema: fitted, note } = fitSchema(schema, target);
      const shown = Object.keys(fitted["properties"] as object);
      expect(shown[0]).toBe("p5999");
      expect(shown.length).toBeLessThan(6_000);
      expect(note).toMatch(/\d more properties: /u);
    }
  });

  it.each([
    [1, true],
    [2, false],
  ])("leave the least number of items, %i, as it is: %s", (minItems, stays) => {
    const { one, hints } = fitOne({ type: "array", items: { type: "string" }, minItems }, anthropic);
    expect(Object.hasOwn(one as object, "minItems")).toBe(stays);
    expect(hints.length === 0).toBe(stays);
  });

  it.each([
    [250, true],
    [251, false],
  ])("leave a list of %i long texts as it is: %s", (count, stays) => {
    const values = Array.from({ length: count }, (_, index) => `${index}`.padEnd(100, "-"));
    const { one } = fitOne({ type: "string", enum: values }, openai);
    expect(Object.hasOwn(one as object, "enum")).toBe(stays);
  });
});

describe("tuples", () => {
  const tuple = {
    type: "array",
    prefixItems: [{ type: "string" }, { type: "number" }],
    items: false,
    minItems: 2,
  };

  it("become lists of any of their items", () => {
    expect(fitOne(tuple, openai).one).toEqual({
      type: "array",
      minItems: 2,
      items: { anyOf: [{ type: "string" }, { type: "number" }] },
      description: "Constraints: exactly these items in order: string, number.",
    });
  });

  it("stay where they are taken", () => {
    expect(fitOne(tuple, googleJson).one).toEqual({
      type: "array",
      minItems: 2,
      maxItems: 2,
      prefixItems: [{ type: "string" }, { type: "number" }],
    });
  });
});

describe("references", () => {
  const tree = {
    $defs: {
      node: { type: "object", properties: { next: { $ref: "#/$defs/node" }, v: { type: "string" } } },
    },
  };

  it("to what holds itself stay where that is taken", () => {
    const { one, schema } = fitOne({ $ref: "#/$defs/node" }, openai, tree);
    expect(one).toEqual({ $ref: "#/$defs/node" });
    expect(schema["$defs"]).toMatchObject({
      node: { properties: { next: { anyOf: [{ $ref: "#/$defs/node" }, { type: "null" }] } } },
    });
  });

  it("to what holds itself are written out twice and then opened elsewhere", () => {
    for (const target of [anthropic, google, googleJson]) {
      const { one, hints } = fitOne({ $ref: "#/$defs/node" }, target, tree);
      expect(JSON.stringify(one).match(/"v"/gu)).toHaveLength(2);
      expect(one).toMatchObject({
        properties: {
          next: {
            properties: { next: { type: "string", description: expect.stringContaining("JSON text") } },
          },
        },
      });
      expect(hints).toContainEqual({
        path: ["p", "next", "next"],
        keyword: "$ref",
        text: "nested in the same way again",
      });
    }
  });

  it.each([
    ["then", { properties: { v: { type: "string" } }, if: {}, then: { $ref: "#/$defs/node" } }],
    [
      "anyOf",
      { properties: { v: { type: "string" } }, anyOf: [{ $ref: "#/$defs/node" }, { required: ["v"] }] },
    ],
    ["dependentSchemas", { dependentSchemas: { v: { $ref: "#/$defs/node" } } }],
  ])("that come back by %s are written out no more often", (_, more) => {
    const child = { type: "object", ...more };
    const node = { type: "object", properties: { child } };
    const { one } = fitOne({ $ref: "#/$defs/node" }, google, { $defs: { node } });
    const depth = JSON.stringify(one).match(/"child":\{"type":"object"/gu)?.length ?? 0;
    expect(depth).toBeGreaterThan(0);
    expect(depth).toBeLessThan(4);
  });

  it("to definitions stay, or are written out", () => {
    const more = { definitions: { "a/b": { type: "integer", description: "N" } } };
    const reference = { $ref: "#/definitions/a~1b" };
    expect(fitOne(reference, google, more).one).toEqual({ type: "integer", description: "N" });
    expect(fitOne(reference, { provider: "anthropic" }, more).changed).toBe(false);
    const { one, schema } = fitOne(reference, anthropic, more);
    const name = String((one as { $ref: string }).$ref).replace("#/$defs/", "");
    expect(name).toMatch(/^[A-Za-z0-9_.-]{1,64}$/u);
    expect(schema["$defs"]).toEqual({ [name]: { type: "integer", description: "N" } });
  });

  it("with something beside them are merged with it", () => {
    const more = { $defs: { n: { type: "integer", description: "N", minimum: 1 } } };
    expect(fitOne({ $ref: "#/$defs/n", description: "Mine", maximum: 3 }, openai, more).one).toEqual({
      type: "integer",
      minimum: 1,
      maximum: 3,
      description: "Mine",
    });
  });

  it("by place and by anchor are followed", () => {
    const more = { $defs: { n: { $anchor: "here", type: "boolean" } } };
    expect(fitOne({ $ref: "#here" }, google, more).one).toEqual({ type: "boolean" });
    const schema = { type: "object", properties: { a: { type: "string" }, b: { $ref: "#/properties/a" } } };
    expect(fitSchema(schema, google).schema["properties"]).toMatchObject({ b: { type: "string" } });
    expect(fitSchema(schema, { provider: "openai" }).changed).toBe(false);
  });

  it("by place are written out where the place has moved", () => {
    const schema = {
      type: "object",
      anyOf: [{ required: ["a"] }, { required: ["b"] }],
      properties: { a: { type: "string" }, b: { $ref: "#/properties/a" } },
    };
    expect(fitSchema(schema, { provider: "anthropic" }).schema["properties"]).toEqual({
      a: { type: "string" },
      b: { type: "string" },
    });
  });

  it("to elsewhere are told and never followed", () => {
    const far = { $ref: "https://schemas.example/thing.json" };
    expect(fitOne(far, { provider: "anthropic" }).one).toEqual({
      description: "Constraints: as described at https://schemas.example/thing.json.",
    });
    expect(fitOne(far, openai).one).toMatchObject({ type: "string" });
    expect(fitOne(far, openai).hints).toMatchObject([{ keyword: "$ref" }]);
  });

  it("that go round are opened", () => {
    const more = { $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } };
    expect(fitOne({ $ref: "#/$defs/a" }, openai, more).one).toMatchObject({ type: "string" });
    expect(fitOne({ $ref: "#/$defs/a" }, { provider: "openai" }, more).one).toEqual({
      description: "Constraints: nested in the same way again.",
    });
  });

  it("at the root are followed", () => {
    const schema = {
      $ref: "#/definitions/Args",
      definitions: { Args: { type: "object", properties: { a: { type: "string" } } } },
    };
    for (const target of [openai, google, { provider: "openai" }, { provider: "bedrock" }] as Target[])
      expect(fitSchema(schema, target).schema).toMatchObject({ type: "object", properties: { a: {} } });
  });
});

describe("unions and what stands beside them", () => {
  it("share what stands beside them among their branches", () => {
    expect(
      fitOne({ type: "string", description: "D", anyOf: [{ format: "date" }, { enum: ["today"] }] }, openai)
        .one,
    ).toEqual({
      description: "D",
      anyOf: [
        { type: "string", format: "date" },
        { type: "string", enum: ["today"] },
      ],
    });
  });

  it("of objects with properties of their own become one object", () => {
    const schema = {
      type: "object",
      properties: { kind: { type: "string" } },
      required: ["kind"],
      additionalProperties: false,
      oneOf: [
        { properties: { kind: { const: "a" }, x: { type: "string" } }, required: ["x"] },
        { properties: { kind: { const: "b" }, y: { type: "number" } }, required: ["y"] },
      ],
    };
    expect(fitOne(schema, anthropic).one).toEqual({
      type: "object",
      properties: { kind: { type: "string" }, x: { type: "string" }, y: { type: "number" } },
      required: ["kind"],
      additionalProperties: false,
      description: 'Constraints: with exactly one of: kind = "a" + x | kind = "b" + y.',
    });
  });

  it("at the root become one object for every provider", () => {
    const schema = {
      type: "object",
      anyOf: [
        { properties: { kind: { const: "a" }, x: { type: "string" } }, required: ["kind", "x"] },
        { properties: { kind: { const: "b" } }, required: ["kind"] },
      ],
    };
    const { schema: fitted, note } = fitSchema(schema, { provider: "openai" });
    expect(fitted).toEqual({
      type: "object",
      properties: { kind: { enum: ["a", "b"] }, x: { type: "string" } },
      required: ["kind"],
    });
    expect(note).toBe('Constraints: with at least one of: kind = "a" + x | kind = "b".');
  });

  it("require what all of their alternatives require, and no more", () => {
    const anyOf = [{ required: ["kind", "x"] }, { required: ["x", "kind"] }, { required: ["kind"] }];
    const schema = { type: "object", properties: { kind: {}, x: {} }, anyOf };
    expect(fitSchema(schema, { provider: "openai" }).schema["required"]).toEqual(["kind"]);
  });

  it("of which exactly one holds are told where that is not taken", () => {
    const schema = { oneOf: [{ type: "string" }, { type: "number" }] };
    expect(fitOne(schema, googleJson).one).toEqual(schema);
    expect(fitOne(schema, openai).one).toEqual({
      anyOf: [{ type: "string" }, { type: "number" }],
      description: "Constraints: exactly one of these.",
    });
  });

  it("within each other say null in one place where nothing may stand beside them", () => {
    const inner = { anyOf: [{ type: "string" }, { type: ["number", "null"] }] };
    const flat = {
      anyOf: [
        { type: "string", nullable: true, description: "D" },
        { type: "number", nullable: true },
        { type: "boolean" },
      ],
    };
    expect(fitOne({ description: "D", anyOf: [inner, { type: "boolean" }] }, google).one).toEqual(flat);
    expect(fitOne(flat, google).changed).toBe(false);
    expect(fitOne({ anyOf: [{ type: ["string", "number"] }, { type: "null" }] }, google).one).toEqual({
      anyOf: [{ type: "string", nullable: true }, { type: "number" }],
    });
  });

  it("with any value in them are any value", () => {
    expect(fitOne({ anyOf: [{ type: "string" }, {}] }, openai).one).toEqual({
      type: "string",
      description: 'Constraints: any JSON value, written as JSON text; any of [{"type":"string"},{}].',
    });
  });

  it("by conditions become properties of one object", () => {
    const schema = {
      type: "object",
      properties: { a: { type: "string" } },
      additionalProperties: false,
      if: { required: ["a"] },
      then: { properties: { b: { type: "number" } } },
    };
    const { one } = fitOne(schema, google);
    expect(one).toMatchObject({ properties: { a: { type: "string" }, b: { type: "number" } } });
    expect(one).toMatchObject({
      description: expect.stringContaining('if it is like {"required":["a"]}; then like'),
    });
  });

  it("of all of its parts is merged", () => {
    const schema = {
      allOf: [
        { type: "object", properties: { a: { type: "string", minLength: 1 } }, required: ["a"] },
        { properties: { a: { minLength: 3 }, b: { type: "number" } }, additionalProperties: false },
      ],
    };
    expect(fitOne(schema, google).one).toEqual({
      type: "object",
      properties: { a: { type: "string", minLength: 3 }, b: { type: "number" } },
      required: ["a"],
      description: "Constraints: no other properties.",
    });
  });
});

describe("objects", () => {
  it("are closed, and what was optional takes null", () => {
    expect(fitOne({ type: "object", properties: { a: { type: "string" } } }, openai).one).toEqual({
      type: "object",
      properties: { a: { type: ["string", "null"] } },
      required: ["a"],
      additionalProperties: false,
    });
  });

  it("of unnamed properties become lists of entries, or JSON text", () => {
    const entries = {
      type: "array",
      items: {
        type: "object",
        properties: { name: { type: "string" }, value: { type: "number" } },
        required: ["name", "value"],
      },
      description: "Constraints: a list of entries, each of which becomes a property.",
    };
    expect(fitOne({ type: "object", additionalProperties: { type: "number" } }, google).one).toEqual(entries);
    expect(fitOne({ type: "object" }, google).one).toEqual({
      type: "string",
      description: "Constraints: any JSON object, written as JSON text.",
    });
    expect(fitOne({ type: "object", additionalProperties: { type: "number" } }, googleJson).changed).toBe(
      false,
    );
  });

  it("with others beside the named ones get a property for them", () => {
    const { one } = fitOne(
      {
        type: "object",
        properties: { a: { type: "string" } },
        required: ["a"],
        additionalProperties: { type: "string" },
      },
      openai,
    );
    expect(one).toMatchObject({
      properties: { a: {}, additional_properties: { type: ["array", "null"] } },
      required: ["a", "additional_properties"],
    });
  });

  it("that require what they do not name get it", () => {
    expect(fitOne({ type: "object", required: ["x"] }, google).one).toMatchObject({
      properties: { x: { type: "string" } },
      required: ["x"],
    });
  });

  it("keep properties whatever they are called", () => {
    const schema: unknown = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"number"},"":{"type":"boolean"}}}',
    );
    for (const target of [openai, anthropic, google, googleJson, { provider: "bedrock" }] as Target[]) {
      const { properties } = fitSchema(schema, target).schema as { properties: object };
      expect(Object.keys(properties)).toHaveLength(3);
      expect(Object.keys(properties).slice(0, 2)).toEqual(["__proto__", "constructor"]);
      expect(Object.getPrototypeOf(properties)).toBe(Object.prototype);
    }
  });

  it("rename what a provider refuses, and say what it was", () => {
    const { schema, note } = fitSchema(
      { type: "object", properties: { "filter[id]": { type: "string" } }, required: ["filter[id]"] },
      { provider: "anthropic" },
    );
    const [key = ""] = Object.keys(schema["properties"] as object);
    expect(key).toMatch(/^filter_id_[0-9a-v]{8}$/u);
    expect(schema["required"]).toEqual([key]);
    expect(note).toBe(`Constraints: ${key} is what the tool calls "filter[id]".`);
  });
});
