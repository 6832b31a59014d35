import { test as it, expect } from "vitest";
import { OutputSchemas } from "./output-schemas.ts";

const schemasOf = (limits: Partial<ConstructorParameters<typeof OutputSchemas>[0]> = {}) =>
  new OutputSchemas({ maxOutputSchemas: 100, maxOutputSchemaCharacters: 100_000, ...limits });
const schemaOf = (type: string) => ({ type: "object", properties: { a: { type } } });
const resultOf = (structuredContent: unknown) => ({ content: [], structuredContent });
const note = (outputSchema: unknown, result: Readonly<Record<string, unknown>>, schemas = schemasOf()) =>
  schemas.check(schemas.learn(outputSchema), "look\n up", result);

it("shares one schema between all who list it", () => {
  const schemas = schemasOf();
  const first = schemas.learn(schemaOf("string"));
  expect(schemas.learn(schemaOf("string"))).toBe(first);
  expect(schemas.learn(schemaOf("number"))).not.toBe(first);
  expect(schemas.size).toBe(2);
});

it("learns nothing of a tool without an output schema", () => {
  const schemas = schemasOf();
  expect(schemas.learn(undefined)).toBeUndefined();
  expect(schemas.size).toBe(0);
  expect(schemas.check(undefined, "any", { content: [] })).toBeUndefined();
});

it("keeps apart two servers' schemas of the same address", () => {
  const schemas = schemasOf();
  const [one, other] = ["string", "number"].map((type) =>
    schemas.learn({ $id: "https://schemas.example/result", ...schemaOf(type) }),
  );
  expect(schemas.check(one, "one", resultOf({ a: "text" }))).toBeUndefined();
  expect(schemas.check(other, "other", resultOf({ a: 1 }))).toBeUndefined();
  expect(schemas.check(other, "other", resultOf({ a: "text" }))?.kind).toBe("output_schema");
});

it("forgets the schema that was listed least recently", () => {
  const schemas = schemasOf({ maxOutputSchemas: 2 });
  const first = schemas.learn(schemaOf("string"));
  const second = schemas.learn(schemaOf("number"));
  schemas.learn(schemaOf("string"));
  schemas.learn(schemaOf("null"));
  expect(schemas.size).toBe(2);
  expect(schemas.learn(schemaOf("string"))).toBe(first);
  expect(schemas.learn(schemaOf("number"))).not.toBe(second);
  // Whoever holds one goes on with it.
  expect(schemas.check(second, "any", resultOf({ a: "text" }))?.kind).toBe("output_schema");
});

it("holds no more characters than it may, whatever comes and goes", () => {
  const length = JSON.stringify(schemaOf("x".repeat(10))).length;
  const schemas = schemasOf({ maxOutputSchemaCharacters: 3 * length });
  for (let round = 0; round < 50; round++) schemas.learn(schemaOf(String(round % 7).padStart(10)));
  expect(schemas.size).toBe(3);
  const large = schemas.learn(schemaOf("x".repeat(4 * length)));
  expect(schemas.size).toBe(0);
  expect(schemas.check(large, "any", resultOf({}))).toBeUndefined();
  for (let round = 0; round < 3; round++) schemas.learn(schemaOf(String(round).padStart(10)));
  expect(schemas.size).toBe(3);
});

it("checks against what was listed, whatever becomes of the list", () => {
  const schemas = schemasOf();
  const listed = { type: "object", properties: { a: { type: "string" } } };
  const learnt = schemas.learn(listed);
  listed.properties.a.type = "number";
  expect(schemas.check(learnt, "any", resultOf({ a: "text" }))).toBeUndefined();
});

it("accepts a frozen list and a frozen result", () => {
  const listed = Object.freeze({ type: "object", required: Object.freeze(["a"]) });
  expect(note(listed, Object.freeze(resultOf(Object.freeze({ a: 1 }))))).toBeUndefined();
});

it("notes a result that breaks the schema, and tells nothing of the result", () => {
  expect(note(schemaOf("string"), resultOf({ a: ["secret"] }))).toEqual({
    kind: "output_schema",
    message: `The structuredContent of the tool "look\\n up" breaks the tool's output schema at "#/properties/a/type".`,
  });
  const keyed = note({ additionalProperties: { type: "number" } }, resultOf({ "ada@example.com": "secret" }));
  expect(keyed?.message).toMatch(/at "#\/additionalProperties\/type"\.$/u);
});

it("notes a result without structuredContent, unless the tool failed, is not done, or is older than that", () => {
  expect(note(schemaOf("string"), { content: [] })?.kind).toBe("output_schema");
  expect(note(schemaOf("string"), { content: [], resultType: "complete" })?.kind).toBe("output_schema");
  expect(note(schemaOf("string"), { content: [], isError: true })).toBeUndefined();
  expect(note(schemaOf("string"), { resultType: "input_required", inputRequests: {} })).toBeUndefined();
  expect(note(schemaOf("string"), { toolResult: "text" })).toBeUndefined();
});

it("notes a schema that cannot be used, and checks what can be", () => {
  const schema = { type: "object", properties: { a: { enum: [] }, b: { type: "string" } } };
  expect(note(schema, resultOf({ a: "x", b: "y" }))).toEqual({
    kind: "unusable_schema",
    message: `The output schema of the tool "look\\n up" cannot be used at "#/properties/a/enum"; what it says there was not checked.`,
  });
  expect(note(schema, resultOf({ a: "x", b: 1 }))?.kind).toBe("output_schema");
  expect(note(schema, resultOf({ b: "y" }))).toBeUndefined();
});

it.each([
  ["no object", "text"],
  ["null", null],
  ["a list", []],
  ["too large", { title: "x".repeat(300_000), type: "string" }],
  ["nested too deep", nested(300)],
  ["nested past all stacks", nested(100_000)],
])("notes a schema that is %s", (_, schema) => {
  expect(note(schema, resultOf({}))?.kind).toBe("unusable_schema");
});

it("notes a schema whose check has no end", () => {
  const deviation = note({ $ref: "#" }, resultOf({}));
  expect(deviation).toMatchObject({ kind: "unusable_schema", message: expect.stringMatching(/steps/u) });
});

function nested(levels: number): unknown {
  let schema: unknown = { type: "string" };
  for (let level = 0; level < levels; level++) schema = { items: schema };
  return schema;
}
