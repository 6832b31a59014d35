import fc from "fast-check";
import { isSchema, type Schema } from "./judges/walk.ts";

/** What a model may give for a fitted schema, by the letter of it. */
export function samplesOf(root: Schema): fc.Arbitrary<unknown> {
  return sample(root, root, 0);
}

function sample(root: Schema, schema: unknown, depth: number): fc.Arbitrary<unknown> {
  if (!isSchema(schema) || depth > 20) return fc.constant(null);
  const { $ref: reference, anyOf, type, enum: values, const: fixed } = schema;
  if (typeof reference === "string")
    return sample(
      root,
      reference === "#" ? root : (root["$defs"] as Schema)[reference.split("/").at(-1) ?? ""],
      depth + 1,
    );
  if (Array.isArray(anyOf)) return fc.oneof(...anyOf.map((branch) => sample(root, branch, depth + 1)));
  if (fixed !== undefined) return fc.constant(fixed);
  if (Array.isArray(values)) return fc.constantFrom(...(values as unknown[]));
  const types = Array.isArray(type) ? (type as unknown[]) : [type];
  const nullable = schema["nullable"] === true ? [fc.constant(null)] : [];
  return fc.oneof(...types.map((one) => sampleOfType(root, schema, one, depth)), ...nullable);
}

function sampleOfType(root: Schema, schema: Schema, type: unknown, depth: number): fc.Arbitrary<unknown> {
  switch (type) {
    case "null":
      return fc.constant(null);
    case "boolean":
      return fc.boolean();
    case "integer":
      return fc.integer({ min: -5, max: 5 });
    case "number":
      return fc.constantFrom(0, 1, 1.5, -2.25);
    case "array":
      return fc.array(sample(root, schema["items"], depth + 1), { maxLength: 3 });
    case "object":
      return sampleObject(root, schema, depth);
    default:
      return sampleText(String(schema["description"] ?? ""));
  }
}

/** A text that stands for a JSON value is one. */
function sampleText(description: string): fc.Arbitrary<unknown> {
  if (description.includes("any JSON object, written as JSON text"))
    return fc
      .dictionary(fc.constantFrom("k1", "k2"), fc.jsonValue({ maxDepth: 1 }))
      .map((value) => JSON.stringify(value));
  if (description.includes("any JSON value, written as JSON text"))
    return fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value));
  return fc.constantFrom("", "x", "5", "null", "{}", "text");
}

function sampleObject(root: Schema, schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const required = new Set((schema["required"] ?? []) as string[]);
  const properties = Object.entries((schema["properties"] ?? {}) as object);
  const others = schema["additionalProperties"];
  // Other properties are none of the named ones.
  const isEntry =
    properties.length === 2 && properties.every(([name]) => name === "name" || name === "value");
  const valueOf = (name: string, part: unknown) =>
    isEntry && name === "name" ? fc.constantFrom("k1", "k2") : sample(root, part, depth + 1);
  const parts = properties.map(([name, part]) =>
    fc.tuple(fc.constant(name), valueOf(name, part), required.has(name) ? fc.constant(true) : fc.boolean()),
  );
  const more = isSchema(others)
    ? fc.array(fc.tuple(fc.constantFrom("k1", "k2"), sample(root, others, depth + 1)), { maxLength: 2 })
    : fc.constant([]);
  return fc
    .tuple(fc.tuple(...parts), more)
    .map(([given, rest]) =>
      Object.fromEntries([
        ...rest,
        ...given.filter(([, , isThere]) => isThere).map(([name, value]) => [name, value] as const),
      ]),
    );
}
