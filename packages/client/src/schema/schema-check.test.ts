import { AjvJsonSchemaValidator } from "@modelcontextprotocol/client/validators/ajv";
import fc from "fast-check";
import { test as it, expect } from "vitest";
import type { Fields } from "../message.ts";
import { checkValue, type CheckOutcome } from "./schema-check.ts";
import { SchemaProgram } from "./schema-program.ts";

const maxSteps = 100_000;
const check = (schema: Fields, value: unknown): CheckOutcome =>
  checkValue(new SchemaProgram(schema), value, maxSteps);
const kinds = (schema: Fields, ...values: unknown[]) => values.map((value) => check(schema, value).kind);

const name = fc.constantFrom("a", "b", "c");
const scalar = fc.oneof(
  fc.constantFrom(null, true, false, 0, -0, 1.5, "", "a", "ab", "😀", "\ud800"),
  fc.integer({ min: -3, max: 3 }),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(name, tie("value"), { maxKeys: 3, noNullPrototype: true }),
  ),
}));

const types = ["array", "boolean", "integer", "null", "number", "object", "string"] as const;
const size = fc.integer({ min: 0, max: 3 });
const definition = "#/$defs/a~1b%25";
const { schema } = fc.letrec<{ schema: unknown }>((tie) => {
  const list = fc.array(tie("schema"), { minLength: 1, maxLength: 3 });
  const keywords = {
    type: fc.oneof(fc.constantFrom(...types), fc.uniqueArray(fc.constantFrom(...types), { minLength: 1 })),
    enum: fc.uniqueArray(value, { minLength: 1, maxLength: 3, comparator: (a, b) => sameJson(a, b) }),
    const: value,
    properties: fc.dictionary(name, tie("schema"), { maxKeys: 3, noNullPrototype: true }),
    required: fc.uniqueArray(name, { maxLength: 2 }),
    additionalProperties: tie("schema"),
    propertyNames: tie("schema"),
    prefixItems: list,
    items: tie("schema"),
    minItems: size,
    maxLength: size,
    minLength: size,
    maxProperties: size,
    minimum: size,
    exclusiveMaximum: size,
    allOf: list,
    anyOf: list,
    oneOf: list,
    not: tie("schema"),
    if: tie("schema"),
    then: tie("schema"),
    else: tie("schema"),
    $ref: fc.constant(definition),
    title: fc.string(),
  };
  const some = fc.subarray(Object.keys(keywords) as (keyof typeof keywords)[], { maxLength: 3 });
  return {
    schema: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.boolean(),
      some.chain((names) =>
        fc.record(Object.fromEntries(names.map((one) => [one, keywords[one] as fc.Arbitrary<unknown>]))),
      ),
    ),
  };
});
const sameJson = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

it("agrees with Ajv on schemas of the keywords that it checks", () => {
  const seen = { fits: 0, breaks: 0 };
  const property = fc.property(schema, fc.array(value, { minLength: 6, maxLength: 6 }), (inner, values) => {
    const root = jsonOf({ properties: { it: inner }, $defs: { "a/b%": { type: ["object", "string"] } } });
    const ajv = ajvOf(root);
    for (const it of values) {
      const { kind } = check(root, { it });
      expect(kind, JSON.stringify({ root, it })).toBe(ajv(jsonOf({ it })).valid ? "fits" : "breaks");
      seen[kind as keyof typeof seen]++;
    }
  });
  fc.assert(property, { numRuns: 100 });
  expect(Math.min(seen.fits, seen.breaks)).toBeGreaterThan(50);
}, 60_000);

const tree = {
  $ref: "#/$defs/Node",
  $defs: {
    Node: {
      type: "object",
      title: "Node",
      properties: {
        name: { type: "string" },
        children: { type: "array", items: { $ref: "#/$defs/Node" }, default: [] },
        parent: { anyOf: [{ type: "integer" }, { type: "null" }], default: null },
      },
      required: ["name"],
    },
  },
};
const events = {
  type: "object",
  properties: {
    events: {
      type: "array",
      items: {
        oneOf: [
          {
            type: "object",
            properties: { kind: { const: "a" }, at: { type: "number" } },
            required: ["kind", "at"],
          },
          {
            type: "object",
            properties: { kind: { const: "b" }, tags: { type: "array" } },
            required: ["kind"],
          },
        ],
      },
    },
    level: { enum: ["low", "high", null] },
  },
  additionalProperties: false,
};
const scores = {
  type: "object",
  propertyNames: { type: "string", minLength: 2 },
  additionalProperties: { type: "number", minimum: 0, exclusiveMaximum: 1 },
  maxProperties: 2,
};

it.each([
  [tree, { name: "a", children: [{ name: "b", children: [{ name: "c", parent: 1 }], parent: null }] }],
  [tree, { name: "a", children: [{ name: "b", children: [{ title: "c" }] }] }],
  [tree, { name: "a", parent: "1" }],
  [events, { events: [{ kind: "a", at: 1 }, { kind: "b" }], level: null }],
  [events, { events: [{ kind: "a" }] }],
  [events, { level: "middle" }],
  [events, { more: 1 }],
  [scores, { ab: 0, cd: 0.5 }],
  [scores, { ab: 1 }],
  [scores, { a: 0 }],
  [scores, { ab: 0, cd: 0, ef: 0 }],
  [{ oneOf: [{ minimum: 1 }, { maximum: 3 }] }, 0],
  [{ oneOf: [{ minimum: 1 }, { maximum: 3 }] }, 2],
] satisfies [Fields, unknown][])("agrees with Ajv on an ordinary schema: %#", (root, any) => {
  expect(check(root, any).kind).toBe(ajvOf(root)(any).valid ? "fits" : "breaks");
});

it("says nothing false where it does not check a part, however that is combined", () => {
  const { part } = fc.letrec<{ part: Fields }>((tie) => ({
    part: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom<Fields>(
        { pattern: "^a" },
        { uniqueItems: true },
        { multipleOf: 2 },
        { contains: { type: "integer" } },
        { patternProperties: { "^a": false }, additionalProperties: false },
        { properties: { a: true }, unevaluatedProperties: false },
        { prefixItems: [true], unevaluatedItems: false },
        { dependentRequired: { a: ["b"] } },
        { dependentSchemas: { a: { required: ["b"] } } },
        { type: ["integer", "string"] },
      ),
      tie("part").map((not) => ({ not })),
      fc.array(tie("part"), { minLength: 1, maxLength: 3 }).map((oneOf) => ({ oneOf })),
      fc.array(tie("part"), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
      fc
        .tuple(tie("part"), tie("part"), tie("part"))
        .map(([one, then, other]) => ({ if: one, then, else: other })),
    ),
  }));
  const property = fc.property(part, fc.array(value, { minLength: 6, maxLength: 6 }), (it, values) => {
    const root = { properties: { it } };
    const ajv = ajvOf(root);
    for (const it of values) {
      if (check(root, { it }).kind === "breaks") expect(ajv(jsonOf({ it })).valid).toBe(false);
    }
  });
  fc.assert(property, { numRuns: 100 });
}, 60_000);

it("never throws, whatever is called a schema", () => {
  const junk = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom("#", "#/$ref", "#/%zz", "http://127.0.0.1:1/"),
  );
  const keyword = fc.constantFrom(
    ...["$ref", "$id", "$schema", "type", "enum", "const", "properties", "required", "items", "prefixItems"],
    ...[
      "additionalProperties",
      "additionalItems",
      "propertyNames",
      "allOf",
      "anyOf",
      "oneOf",
      "not",
      "if",
      "then",
    ],
    ...["minLength", "maxItems", "minProperties", "minimum", "__proto__", "toString", "nullable"],
  );
  const { hostile } = fc.letrec<{ hostile: unknown }>((tie) => ({
    hostile: fc.oneof(
      { depthSize: "small" },
      junk,
      fc.array(tie("hostile"), { maxLength: 3 }),
      fc.dictionary(keyword, tie("hostile"), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(keyword, hostile, { maxKeys: 4 }), fc.jsonValue(), (root, any) => {
      expect(["fits", "breaks", "unusable", "exhausted"]).toContain(check(jsonOf(root), any).kind);
    }),
    { numRuns: 500 },
  );
});

it.each([
  ["a fan of references", fan(60), "x"],
  ["a reference to itself", { $ref: "#" }, 1],
  ["two references to itself", { anyOf: [{ $ref: "#" }, { $ref: "#" }] }, 1],
  ["a branching recursion along a deep value", { not: { properties: { a: twice("#") } } }, deep(40)],
  ["many looks at a long text", { allOf: many(10_000, { maxLength: 1e6 }) }, "x".repeat(1e6)],
  ["many looks at a wide object", { allOf: many(10_000, { minProperties: 1 }) }, wide(10_000)],
  ["many objects beside a wide one", { not: { enum: many(10_000, {}) } }, wide(100_000)],
  [
    "many looks at a long array",
    { allOf: many(10_000, { prefixItems: [true], items: {} }) },
    Array(1e4).fill(0),
  ],
  [
    "a long list beside every item",
    { items: { enum: [...many(5_000, "value"), "none"] } },
    Array(1_000).fill("none"),
  ],
  [
    "a list of one long text beside every item",
    { items: { enum: ["x".repeat(1e5)] } },
    Array(1e3).fill("x".repeat(1e5)),
  ],
  [
    "a long constant beside every item",
    { items: { const: "x".repeat(1e5) } },
    Array(1e3).fill("x".repeat(1e5)),
  ],
] satisfies [string, Fields, unknown][])("gives up on %s", (_, root, any) => {
  const program = new SchemaProgram(root);
  expect(checkValue(program, any, maxSteps).kind).toBe("exhausted");
});

it("runs no expression of a server's", () => {
  // Run, this would not end within the lifetime of the test.
  const slow = {
    pattern: "^(a+)+$",
    patternProperties: { "^(a+)+$": false },
    propertyNames: { pattern: "^(a+)+$" },
  };
  const text = `${"a".repeat(60)}!`;
  expect(kinds({ ...slow, properties: { it: slow } }, { it: text, [text]: text })).toEqual(["fits"]);
});

it("reads what stands beside a reference as the schema's revision does", () => {
  const of = ($schema?: string) => ({
    properties: { a: { $ref: "#/definitions/any", type: "string" } },
    definitions: { any: {} },
    ...($schema && { $schema }),
  });
  expect(kinds(of(), { a: 1 })).toEqual(["breaks"]);
  expect(kinds(of("https://json-schema.org/draft/2019-09/schema"), { a: 1 })).toEqual(["breaks"]);
  expect(kinds(of("http://json-schema.org/draft-07/schema#"), { a: 1 })).toEqual(["fits"]);
});

it("reads tuples of both kinds", () => {
  const old = { items: [{ type: "string" }, { type: "number" }], additionalItems: false };
  const recent = { prefixItems: old.items, items: false };
  for (const schema of [old, { ...old, $schema: "http://json-schema.org/draft-07/schema#" }, recent]) {
    expect(kinds(schema, ["a", 1], ["a"], [1], ["a", 1, 2])).toEqual(["fits", "fits", "breaks", "breaks"]);
  }
  // Before 2020-12 the word means nothing.
  const early = { ...recent, items: { type: "string" }, $schema: "http://json-schema.org/draft-07/schema#" };
  expect(kinds(early, ["a", "b"], ["a", 1])).toEqual(["fits", "breaks"]);
});

it("treats members called as the prototype's are as any other, which Ajv does not", () => {
  const schema = jsonOf({
    properties: { ["__proto__"]: { type: "string" }, constructor: false },
    required: ["__proto__"],
  });
  const values: unknown[] = [
    { ["__proto__"]: "a" },
    { ["__proto__"]: 1 },
    {},
    { ["__proto__"]: "a", constructor: 1 },
  ];
  expect(kinds(schema, ...values)).toEqual(["fits", "breaks", "breaks", "breaks"]);
});

it("takes null where OpenAPI's word allows it", () => {
  expect(kinds({ type: "string", nullable: true }, null, "a", 1)).toEqual(["fits", "fits", "breaks"]);
});

it.each([
  [{ properties: { "a/b": { items: { type: "string" } } } }, "#/properties/a~1b/items/type"],
  [{ additionalProperties: false }, "#/additionalProperties"],
  [{ $ref: "#/$defs/one", $defs: { one: { maxProperties: 0 } } }, "#/$defs/one/maxProperties"],
  [{ allOf: [true, { not: {} }] }, "#/allOf/1/not"],
  [{ anyOf: [{ type: "null" }, { type: "string" }] }, "#/anyOf"],
  [
    { anyOf: [{ type: "null" }, true], additionalProperties: { items: false } },
    "#/additionalProperties/items",
  ],
  [{ if: true, then: { required: ["z"] } }, "#/then/required"],
] satisfies [Fields, string][])("names the place in the schema that a value breaks: %j", (root, place) => {
  expect(check(root, { "a/b": [1] })).toEqual({ kind: "breaks", place });
});

it.each([
  [{ enum: [] }, "enum"],
  [{ type: "text" }, "type"],
  [{ type: [] }, "type"],
  [{ properties: [] }, "properties"],
  [{ required: true }, "required"],
  [{ allOf: {} }, "allOf"],
  [{ not: "a" }, "not"],
  [{ minProperties: "1" }, "minProperties"],
  [{ $ref: "https://schemas.example/one.json" }, "$ref"],
  [{ $ref: "one.json" }, "$ref"],
  [{ $ref: "#/$defs/absent" }, "$ref"],
  [{ $ref: "#/%zz" }, "$ref"],
  [{ $schema: "http://json-schema.org/draft-03/schema#", type: "null" }, "$schema"],
] satisfies [Fields, string][])("names the place that nobody can use: %j", (schema, keyword) => {
  expect(check(schema, {})).toEqual({ kind: "unusable", place: `#/${keyword}` });
  // What decides without it, decides.
  expect(check({ anyOf: [schema, { minProperties: 1 }], type: "string" }, {}).kind).toBe("breaks");
});

it("does not read references from under an address of a schema's own", () => {
  const foreign = { $id: "https://schemas.example/", $ref: "#/$defs/a", $defs: { a: { type: "string" } } };
  const schema = {
    properties: { a: foreign, b: { $ref: "#/properties/a/$defs/a" } },
    $defs: { a: { type: "null" } },
  };
  expect(kinds(schema, { a: 1 }, { b: 1 })).toEqual(["fits", "fits"]);
});

function fan(depth: number): Fields {
  const last = [`d${depth}`, { type: "string" }];
  const others = Array.from({ length: depth }, (_, at) => [`d${at}`, twice(`#/$defs/d${at + 1}`)]);
  return { $ref: "#/$defs/d0", $defs: Object.fromEntries([...others, last]) };
}

function twice($ref: string): Fields {
  return { allOf: [{ $ref }, { $ref }] };
}

function deep(levels: number): unknown {
  return levels === 0 ? 1 : { a: deep(levels - 1) };
}

function many<T>(length: number, one: T): readonly T[] {
  return Array.from({ length }, () => one);
}

function wide(length: number): unknown {
  return Object.fromEntries(Array.from({ length }, (_, at) => [`name${at}`, at]));
}

function ajvOf(schema: Fields): (value: unknown) => { readonly valid: boolean } {
  return new AjvJsonSchemaValidator().getValidator(
    schema as Parameters<AjvJsonSchemaValidator["getValidator"]>[0],
  );
}

/** As it would come from a server. */
function jsonOf<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
