import { isObject, isSame } from "./json.ts";
import { typeOf } from "./keywords.ts";
import { nameOfStep } from "./pointer.ts";

/** How deep schemas are followed. */
const maxDepth = 48;

/** Finds what a reference in a fitted schema leads to: its root or one of its definitions. */
export function referentOf(root: unknown, reference: unknown): unknown {
  if (reference === "#") return root;
  const [, section, name, ...more] = String(reference).split("/");
  if (!isObject(root) || section === undefined || name === undefined || more.length > 0) return undefined;
  const definitions = root[section];
  const key = nameOfStep(name);
  return isObject(definitions) && Object.hasOwn(definitions, key) ? definitions[key] : undefined;
}

/** Whether a value has the shape that a fitted schema asks for: types, names and listed values, without finer limits. */
export function accepts(root: unknown, schema: unknown, value: unknown, depth = maxDepth): boolean {
  if (schema === false) return false;
  if (!isObject(schema) || depth === 0) return true;
  const fits = (part: unknown) => accepts(root, part, value, depth - 1);
  if (schema["$ref"] !== undefined && !fits(referentOf(root, schema["$ref"]))) return false;
  if (!hasType(schema, value)) return false;
  if (value === null && schema["nullable"] === true) return true;
  if (Object.hasOwn(schema, "const") && !isSame(schema["const"], value)) return false;
  if (Array.isArray(schema["enum"]) && !schema["enum"].some((one) => isSame(one, value))) return false;
  for (const word of ["anyOf", "oneOf"]) {
    const branches = schema[word];
    if (Array.isArray(branches) && !branches.some(fits)) return false;
  }
  if (Array.isArray(schema["allOf"]) && !schema["allOf"].every(fits)) return false;
  if (Array.isArray(value)) return acceptsItems(root, schema, value, depth);
  return isObject(value) ? acceptsProperties(root, schema, value, depth) : true;
}

function hasType(schema: Readonly<Record<string, unknown>>, value: unknown): boolean {
  const { type } = schema;
  if (type === undefined || (value === null && schema["nullable"] === true)) return true;
  const own = typeOf(value);
  return (Array.isArray(type) ? type : [type]).some(
    (name) => name === own || (name === "number" && own === "integer"),
  );
}

function acceptsItems(
  root: unknown,
  schema: Readonly<Record<string, unknown>>,
  value: readonly unknown[],
  depth: number,
): boolean {
  const first = Array.isArray(schema["prefixItems"]) ? (schema["prefixItems"] as unknown[]) : [];
  return value.every((item, at) =>
    accepts(root, at < first.length ? first[at] : schema["items"], item, depth - 1),
  );
}

function acceptsProperties(
  root: unknown,
  schema: Readonly<Record<string, unknown>>,
  value: Readonly<Record<string, unknown>>,
  depth: number,
): boolean {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const required = Array.isArray(schema["required"]) ? (schema["required"] as unknown[]) : [];
  if (!required.every((name) => Object.hasOwn(value, String(name)))) return false;
  return Object.keys(value).every((name) =>
    Object.hasOwn(properties, name)
      ? accepts(root, properties[name], value[name], depth - 1)
      : accepts(root, schema["additionalProperties"], value[name], depth - 1),
  );
}
