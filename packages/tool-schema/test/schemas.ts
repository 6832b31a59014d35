import fc from "fast-check";

const names = [
  "a",
  "b",
  "__proto__",
  "constructor",
  "toString",
  "",
  "x-y",
  "a b",
  "é",
  "additional_properties",
  "name",
];
const name = fc.constantFrom(...names);
/** The validator of the tests takes `__proto__` for an undeclared property, and calls a `toString` that it finds. */
const validatedName = name.filter((one) => one !== "__proto__" && one !== "toString");
const scalar = fc.constantFrom("string", "number", "integer", "boolean");

function objectOf(
  part: fc.Arbitrary<object>,
  more: fc.Arbitrary<object> = fc.constant({}),
  key: fc.Arbitrary<string> = validatedName,
): fc.Arbitrary<object> {
  return fc
    .tuple(fc.array(fc.tuple(key, part), { maxLength: 4 }), fc.array(fc.nat(3), { maxLength: 4 }), more)
    .map(([entries, picks, rest]) => {
      const properties = Object.fromEntries(entries);
      const keys = Object.keys(properties);
      const required = [...new Set(picks.flatMap((pick) => keys[pick] ?? []))];
      return { type: "object", properties, ...(required.length > 0 && { required }), ...rest };
    });
}

/** What says of what a value consists, and no more: types, properties, items, listed values, unions, maps. */
export const shapes: fc.Arbitrary<object> = fc.letrec<{ node: object; root: object }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthIdentifier: "schema" },
    scalar.map((type) => ({ type })),
    scalar.map((type) => ({ type: [type, "null"] })),
    fc.constantFrom(
      { type: "null" },
      {},
      { type: "object" },
      { type: "array" },
      { type: ["string", "number"] },
    ),
    fc
      .uniqueArray(fc.constantFrom("x", "y", "", "null"), { minLength: 1 })
      .map((values) => ({ type: "string", enum: values })),
    fc.constantFrom({ const: "x" }, { const: 1 }, { enum: ["x", 1, null, true] }, { enum: [{ k: 1 }, "x"] }),
    fc.array(tie("node"), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    tie("node").map((items) => ({ type: "array", items })),
    tie("node").map((additionalProperties) => ({ type: "object", additionalProperties })),
    objectOf(tie("node")),
    objectOf(tie("node"), fc.constant({ additionalProperties: false })),
    objectOf(
      tie("node"),
      tie("node").map((additionalProperties) => ({ additionalProperties })),
    ),
  ),
  root: objectOf(tie("node")),
})).root;

/** Everything that JSON Schema has, of every draft, well-formed or not, with references that lead anywhere. */
export const schemas: fc.Arbitrary<object> = fc.letrec<{ node: object; root: object }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5, depthIdentifier: "schema" },
    scalar.map((type) => ({ type })),
    fc.record(
      {
        type: fc.constantFrom("string", ["string", "null"], "STRING", "any", ["integer", "string"]),
        minLength: fc.constantFrom(0, 1, -1, "2"),
        pattern: fc.constantFrom("^a+$", "^(?!x).*$", "(", "\\p{L}", "^\\w{1,300}$", "\\bx"),
        format: fc.constantFrom("uri", "date-time", "email", "made-up", "int32"),
        description: fc.constantFrom("", "A thing.", "Ω"),
        default: fc.constantFrom("a", null, { deep: [1] }),
        enum: fc.constantFrom(["a", "b"], ["a", 1, null], [], [{ o: 1 }], ["", "a"]),
        nullable: fc.boolean(),
        title: fc.constantFrom("T", ""),
      },
      { requiredKeys: [] },
    ),
    fc.record(
      {
        type: fc.constantFrom("number", "integer"),
        minimum: fc.constantFrom(0, 1.5),
        exclusiveMinimum: fc.constantFrom(0, 2.5, true),
        maximum: fc.constantFrom(10, Number.NaN),
        multipleOf: fc.constantFrom(2, 0),
      },
      { requiredKeys: ["type"] },
    ),
    fc.record(
      {
        type: fc.constant("array"),
        items: fc.oneof(tie("node"), fc.array(tie("node"), { maxLength: 3 }), fc.boolean()),
        prefixItems: fc.array(tie("node"), { maxLength: 3 }),
        minItems: fc.nat(3),
        uniqueItems: fc.boolean(),
        contains: tie("node"),
      },
      { requiredKeys: ["type"] },
    ),
    fc
      .constantFrom(
        "#",
        "#/$defs/a",
        "#/$defs/b",
        "#/definitions/c",
        "#/properties/a",
        "https://x.example/s",
        "#/$defs/none",
      )
      .map(($ref) => ({ $ref })),
    fc.record({ $ref: fc.constantFrom("#/$defs/a", "#/definitions/c"), description: fc.constant("See.") }),
    tie("root"),
  ),
  root: objectOf(
    tie("node"),
    fc.record(
      {
        anyOf: fc.array(tie("node"), { minLength: 1, maxLength: 3 }),
        oneOf: fc.array(tie("node"), { minLength: 1, maxLength: 3 }),
        allOf: fc.array(tie("node"), { minLength: 1, maxLength: 3 }),
        not: tie("node"),
        if: tie("node"),
        then: tie("node"),
        additionalProperties: fc.oneof(fc.boolean(), tie("node")),
        patternProperties: fc.record({ "^x": tie("node") }),
        dependentRequired: fc.constant({ a: ["b"] }),
        minProperties: fc.nat(2),
        required: fc.constantFrom(["a", "a"], ["zz"], true),
        $defs: fc.record({ a: tie("node"), b: tie("node") }),
        definitions: fc.record({ c: tie("node") }),
      },
      { requiredKeys: [] },
    ),
    name,
  ),
})).root;
