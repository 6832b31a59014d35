import { describe, expect, it } from "vitest";
import { frozen } from "../test/frozen.ts";
import { targets } from "../test/targets.ts";
import { fitTool, type Target } from "./index.ts";

const nested = (levels: number, wrap: (inner: object) => object, leaf: object = { type: "string" }) => {
  let schema = leaf;
  for (let level = 0; level < levels; level++) schema = wrap(schema);
  return { type: "object", properties: { a: schema } };
};
const many = <T>(count: number, make: (at: number) => T) =>
  Array.from({ length: count }, (_, at) => make(at));
const object = (properties: object, more: object = {}) => ({ type: "object", properties, ...more });

function holdingItself(): object {
  const schema: Record<string, unknown> = { type: "object" };
  schema["properties"] = {
    self: schema,
    list: { type: "array", items: schema },
    other: { anyOf: [schema, schema] },
  };
  schema["allOf"] = [schema];
  return schema;
}

/** What each is, and what its JSON text may come to at most. */
const hostile: Readonly<Record<string, () => unknown>> = {
  "a hundred thousand properties": () =>
    object(Object.fromEntries(many(100_000, (at) => [`p${at}`, { type: "string", minLength: at }])), {
      required: ["p99999"],
      additionalProperties: false,
    }),
  "a hundred thousand properties within": () =>
    object({ a: object(Object.fromEntries(many(100_000, (at) => [`p${at}`, { type: "string" }]))) }),
  "a megabyte of description": () => object({ a: { type: "string", description: "é".repeat(1_000_000) } }),
  "a megabyte of listed values": () => object({ a: { enum: many(50_000, (at) => `value number ${at}`) } }),
  "a megabyte in one default, referred to often": () =>
    object(Object.fromEntries(many(500, (at) => [`p${at}`, { $ref: "#/$defs/d", title: "T" }])), {
      $defs: { d: { type: "string", default: "x".repeat(1_000_000), description: "y".repeat(1_000_000) } },
    }),
  "ten thousand levels of objects": () => nested(10_000, (a) => object({ a })),
  "ten thousand levels of arrays": () => nested(10_000, (items) => ({ type: "array", items })),
  "ten thousand levels of tuples": () =>
    nested(10_000, (one) => ({ type: "array", prefixItems: [one, one] })),
  "ten thousand levels of allOf": () => nested(10_000, (one) => ({ allOf: [one, one] })),
  "ten thousand levels of anyOf": () => nested(10_000, (one) => ({ anyOf: [one, { type: "null" }, one] })),
  "ten thousand levels of not": () => nested(10_000, (not) => ({ not })),
  "ten thousand levels of conditions": () =>
    nested(10_000, (one) => object({}, { if: one, then: one, else: one })),
  "references that double": () =>
    object(
      { a: { $ref: "#/$defs/n0" } },
      {
        $defs: Object.fromEntries(
          many(60, (at) => [
            `n${at}`,
            object({ x: { $ref: `#/$defs/n${at + 1}` }, y: { $ref: `#/$defs/n${at + 1}` } }),
          ]),
        ),
      },
    ),
  "references all over": () =>
    object(
      Object.fromEntries(
        many(1_000, (at) => [`r${at}`, { $ref: `#/$defs/d${(at * 7) % 1_000}`, title: "T" }]),
      ),
      {
        $defs: Object.fromEntries(
          many(1_000, (at) => [`d${at}`, object({ n: { $ref: `#/$defs/d${(at + 1) % 1_000}` } })]),
        ),
      },
    ),
  "references that go round": () =>
    object({ a: { $ref: "#/$defs/a" } }, { $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } }),
  "an object that holds itself": holdingItself,
  "fifty thousand alternatives": () =>
    object({ a: { anyOf: many(50_000, (at) => object({ [`k${at}`]: {} })) } }),
  "fifty thousand alternatives at the root": () =>
    object(
      {},
      { oneOf: many(50_000, (at) => object({ [`k${at}`]: { const: at } }, { required: [`k${at}`] })) },
    ),
  "a hundred thousand parts of allOf": () =>
    object({ a: { allOf: many(100_000, (at) => ({ minLength: at })) } }),
  "patterns that would run for ever": () =>
    object({
      a: { type: "string", pattern: `^(${"a+".repeat(400)})+$` },
      b: { type: "string", pattern: "(".repeat(100_000) },
    }),
  "names of a megabyte": () =>
    object({ ["n".repeat(1_000_000)]: { type: "string" } }, { required: ["r".repeat(1_000_000)] }),
  "keywords of the wrong form": () => ({
    type: ["object", 5, null],
    properties: {
      a: { type: 7, enum: [], required: true, items: "x", anyOf: {}, $ref: 9, pattern: 4, minimum: "1" },
    },
    required: [1],
    allOf: "x",
  }),
};

const largest = 4_500_000;

describe.each(targets)("for $name", ({ target, judge, loose }) => {
  it.each(Object.keys(hostile))("bounds %s", (what) => {
    const inputSchema = frozen(hostile[what]?.()) as object;
    const fitted = fitTool({ name: "tool", inputSchema }, target);
    expect(JSON.stringify(fitted.schema ?? {}).length).toBeLessThan(largest);
    expect(fitted.hints.length).toBeLessThanOrEqual(5_000);
    expect(fitted.description?.length ?? 0).toBeLessThan(20_000);
    expect((isStrict(target) && !fitted.strict ? loose : judge)(fitted)).toEqual([]);
  });

  it.each([undefined, null, 5, "x", [], true, false, { type: "string", minLength: 5 }, new Map()])(
    "makes a plain object of %j",
    (schema) => {
      const fitted = fitTool({ name: "tool", inputSchema: schema as object }, target);
      expect(fitted.schema ?? { type: "object" }).toMatchObject({ type: "object" });
      expect(judge(fitted)).toEqual([]);
    },
  );
});

function isStrict(target: Target): boolean {
  return "strict" in target && target.strict === true;
}
