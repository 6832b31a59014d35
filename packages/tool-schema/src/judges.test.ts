// The judges have to refuse what the documentation says is refused, or the other tests show nothing.
import { describe, expect, it } from "vitest";
import { judgeAnthropic, judgeAnthropicStrict } from "../test/judges/anthropic.ts";
import { judgeBedrock } from "../test/judges/bedrock.ts";
import { judgeGoogle, judgeGoogleJsonSchema } from "../test/judges/google.ts";
import { judgeOpenAi, judgeOpenAiStrict } from "../test/judges/openai.ts";
import type { Judge } from "../test/judges/walk.ts";

const closed = (properties: object, more: object = {}) => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
});
const deep = (levels: number): object => (levels === 1 ? closed({}) : closed({ a: deep(levels - 1) }));
const tree = { $defs: { n: closed({ n: { $ref: "#/$defs/n" } }) } };

const refused: readonly [string, Judge, object][] = [
  ["a root that is no object", judgeOpenAi, { type: "array", items: {} }],
  ["a union at the root", judgeOpenAi, { type: "object", anyOf: [{}] }],
  ["an array without items", judgeOpenAi, { type: "object", properties: { a: { type: "array" } } }],
  ["lookaround", judgeOpenAi, { type: "object", properties: { a: { type: "string", pattern: "(?=x)" } } }],
  ["the format uri", judgeOpenAi, { type: "object", properties: { a: { type: "string", format: "uri" } } }],
  [
    "an older draft",
    judgeOpenAi,
    { type: "object", properties: { a: { type: "number", exclusiveMinimum: true } } },
  ],
  ["an open object", judgeOpenAiStrict, { type: "object", properties: {}, required: [] }],
  ["an optional property", judgeOpenAiStrict, closed({ a: { type: "string" } }, { required: [] })],
  ["minLength", judgeOpenAiStrict, closed({ a: { type: "string", minLength: 1 } })],
  ["oneOf", judgeOpenAiStrict, closed({ a: { oneOf: [{ type: "string" }] } })],
  ["a schema without a type", judgeOpenAiStrict, closed({ a: {} })],
  ["a reference with company", judgeOpenAiStrict, closed({ a: { $ref: "#", description: "x" } })],
  ["eleven levels", judgeOpenAiStrict, deep(11)],
  [
    "a thousand values and one",
    judgeOpenAiStrict,
    closed({ a: { type: "string", enum: Array.from({ length: 1_001 }, (_, at) => `${at}`) } }),
  ],
  [
    "five thousand properties and one",
    judgeOpenAiStrict,
    closed(Object.fromEntries(Array.from({ length: 5_001 }, (_, at) => [`p${at}`, { type: "string" }]))),
  ],
  ["a name with brackets", judgeAnthropic, { type: "object", properties: { "a[b]": { type: "string" } } }],
  ["a reference to nowhere", judgeAnthropic, { type: "object", properties: { a: { $ref: "#/$defs/x" } } }],
  [
    "a reference elsewhere",
    judgeAnthropic,
    { type: "object", properties: { a: { $ref: "https://x.example" } } },
  ],
  ["references that go round", judgeAnthropic, { type: "object", $defs: { a: { $ref: "#/$defs/a" } } }],
  ["tuples in items", judgeAnthropic, { type: "object", properties: { a: { type: "array", items: [{}] } } }],
  ["recursion", judgeAnthropicStrict, closed({ a: { $ref: "#/$defs/n" } }, tree)],
  ["minimum", judgeAnthropicStrict, closed({ a: { type: "number", minimum: 1 } })],
  [
    "two items at least",
    judgeAnthropicStrict,
    closed({ a: { type: "array", items: { type: "string" }, minItems: 2 } }),
  ],
  ["additionalProperties at the root", judgeBedrock, closed({})],
  ["additionalProperties", judgeGoogle, closed({ a: { type: "string" } })],
  ["a list of types", judgeGoogle, { type: "object", properties: { a: { type: ["string", "null"] } } }],
  [
    "numbers in an enum",
    judgeGoogle,
    { type: "object", properties: { a: { type: "integer", enum: ["1"] } } },
  ],
  ["an empty value", judgeGoogle, { type: "object", properties: { a: { type: "string", enum: [""] } } }],
  ["an empty object", judgeGoogle, { type: "object", properties: { a: { type: "object" } } }],
  ["no type", judgeGoogle, { type: "object", properties: { a: { description: "x" } } }],
  [
    "a union with company",
    judgeGoogle,
    { type: "object", properties: { a: { anyOf: [{ type: "string" }], title: "x" } } },
  ],
  [
    "properties of a text",
    judgeGoogle,
    { type: "object", properties: { a: { type: "string", properties: {} } } },
  ],
  [
    "an undeclared property",
    judgeGoogle,
    { type: "object", properties: { a: { type: "string" } }, required: ["b"] },
  ],
  [
    "a constant",
    judgeGoogleJsonSchema,
    { type: "object", properties: { a: { type: "string", const: "x" } } },
  ],
  ["recursion", judgeGoogleJsonSchema, { type: "object", ...tree }],
  ["booleans in an enum", judgeGoogleJsonSchema, { type: "object", properties: { a: { enum: [true] } } }],
];

describe("the judges", () => {
  it.each(refused)("refuse %s", (_, judge, schema) => {
    expect(judge({ name: "tool", schema: schema as Record<string, unknown> })).not.toEqual([]);
  });

  it("refuse names and descriptions that are too long", () => {
    const schema = closed({});
    expect(judgeOpenAi({ name: "x".repeat(65), schema })).not.toEqual([]);
    expect(judgeOpenAi({ name: "x", description: "x".repeat(1_025), schema })).not.toEqual([]);
    expect(judgeAnthropic({ name: "a b", schema })).not.toEqual([]);
    expect(judgeGoogle({ name: "1", schema: undefined })).not.toEqual([]);
  });

  it("take the examples of the documentation", () => {
    const weather = closed({
      location: { type: "string", description: "City and country" },
      units: { type: ["string", "null"], enum: ["celsius", "fahrenheit"], description: "Units" },
    });
    for (const judge of [
      judgeOpenAi,
      judgeOpenAiStrict,
      judgeAnthropic,
      judgeAnthropicStrict,
      judgeGoogleJsonSchema,
    ])
      expect(judge({ name: "get_weather", description: "Weather", schema: weather })).toEqual([]);
    const linked = closed({ list: { anyOf: [{ $ref: "#/$defs/n" }, { type: "null" }] } }, tree);
    expect(judgeOpenAiStrict({ name: "list", schema: linked })).toEqual([]);
  });
});
