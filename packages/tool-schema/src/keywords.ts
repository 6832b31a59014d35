import { isObject } from "./json.ts";

/** One schema as its keywords, without what is malformed and in the words of draft 2020-12; free to be changed. */
export type Keywords = Map<string, unknown>;

/** The types of JSON Schema (draft 2020-12, validation, section 6.1.1). */
const jsonTypes = ["string", "number", "integer", "boolean", "null", "object", "array"] as const;
/** The name of a type. */
export type JsonType = (typeof jsonTypes)[number];

/** Reads one schema. `true` and whatever is no schema limit nothing; `false` takes no value. */
export function keywordsOf(schema: unknown): Keywords {
  if (schema === false) return new Map([["not", {}]]);
  if (!isObject(schema)) return new Map();
  const keywords: Keywords = new Map();
  for (const key of Object.keys(schema)) {
    const value = schema[key];
    if (value !== undefined && isWellFormed(key, value)) keywords.set(key, value);
  }
  readTypes(keywords);
  readOlderDrafts(keywords);
  return keywords;
}

/** Whether a keyword has a value of the form that JSON Schema gives it; unknown ones have. */
function isWellFormed(keyword: string, value: unknown): boolean {
  const check = forms.get(keyword);
  return check === undefined || check(value);
}

/** The types that a schema names, or that its other keywords imply; `undefined` where it takes any. */
export function typesOf(keywords: Keywords): ReadonlySet<JsonType> | undefined {
  const named = keywords.get("type");
  if (named !== undefined) return new Set((Array.isArray(named) ? named : [named]) as JsonType[]);
  if (keywords.has("const")) return new Set([typeOf(keywords.get("const"))]);
  const values = keywords.get("enum");
  if (Array.isArray(values)) return new Set(values.map(typeOf));
  const implied = impliedTypes.filter(([, words]) => words.some((word) => keywords.has(word)));
  const [only] = implied;
  return implied.length === 1 && only !== undefined ? new Set([only[0]]) : undefined;
}

/** The type of a value; a whole number is an `integer`. */
export function typeOf(value: unknown): JsonType {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value === "string" || typeof value === "boolean" ? (typeof value as JsonType) : "object";
}

/** Whether a schema takes no value at all. */
export function takesNothing(schema: unknown): boolean {
  if (schema === false) return true;
  return isObject(schema) && isObject(schema["not"]) && Object.keys(schema["not"]).length === 0;
}

function readTypes(keywords: Keywords): void {
  const named = keywords.get("type");
  const words = (Array.isArray(named) ? named : [named])
    .filter((word) => typeof word === "string")
    .map((word) => word.toLowerCase());
  const types = new Set(words.filter((word): word is JsonType => jsonTypes.includes(word as JsonType)));
  if (types.has("number")) types.delete("integer");
  const isNullable = keywords.get("nullable") === true;
  keywords.delete("nullable");
  if (types.size === 0) {
    keywords.delete("type");
    const values = keywords.get("enum");
    if (isNullable && Array.isArray(values)) keywords.set("enum", [...new Set([...values, null])]);
    return;
  }
  if (isNullable) {
    types.add("null");
    const values = keywords.get("enum");
    if (Array.isArray(values) && !values.includes(null)) keywords.set("enum", [...values, null]);
  }
  const [only] = types;
  keywords.set("type", types.size === 1 ? only : [...types]);
}

/** Draft 4 has boolean exclusive bounds, drafts up to 2019-09 have tuples in `items`, up to 7 `dependencies`. */
function readOlderDrafts(keywords: Keywords): void {
  for (const [bound, exclusive] of [
    ["minimum", "exclusiveMinimum"],
    ["maximum", "exclusiveMaximum"],
  ] as const) {
    const value = keywords.get(exclusive);
    if (typeof value !== "boolean") continue;
    keywords.delete(exclusive);
    if (!value || !keywords.has(bound)) continue;
    keywords.set(exclusive, keywords.get(bound));
    keywords.delete(bound);
  }
  const items = keywords.get("items");
  if (Array.isArray(items)) {
    keywords.delete("items");
    if (items.length > 0) keywords.set("prefixItems", items);
    const rest = keywords.get("additionalItems");
    if (rest !== undefined) keywords.set("items", rest);
  }
  keywords.delete("additionalItems");
  const dependencies = keywords.get("dependencies");
  keywords.delete("dependencies");
  if (!isObject(dependencies)) return;
  const [required, schemas] = [new Map<string, unknown>(), new Map<string, unknown>()];
  for (const [name, value] of Object.entries(dependencies))
    (Array.isArray(value) ? required : schemas).set(name, value);
  if (required.size > 0) keywords.set("dependentRequired", Object.fromEntries(required));
  if (schemas.size > 0) keywords.set("dependentSchemas", Object.fromEntries(schemas));
}

const impliedTypes = [
  ["object", ["properties", "required", "additionalProperties", "patternProperties", "minProperties"]],
  ["array", ["items", "prefixItems", "minItems", "maxItems", "uniqueItems"]],
  ["string", ["minLength", "maxLength", "pattern", "format"]],
  ["number", ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]],
] as const;

const isText = (value: unknown) => typeof value === "string";
const isNumber = (value: unknown) => typeof value === "number" && Number.isFinite(value);
const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;
const isSchema = (value: unknown) => typeof value === "boolean" || isObject(value);
const isSchemaList = (value: unknown) => Array.isArray(value) && value.length > 0;
const isNameList = (value: unknown) => Array.isArray(value) && value.every(isText);

const forms: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ["type", (value: unknown) => isText(value) || isNameList(value)],
  ["title", isText],
  ["description", isText],
  ["pattern", isText],
  ["format", isText],
  ["$ref", isText],
  ["minLength", isCount],
  ["maxLength", isCount],
  ["minItems", isCount],
  ["maxItems", isCount],
  ["minContains", isCount],
  ["maxContains", isCount],
  ["minProperties", isCount],
  ["maxProperties", isCount],
  ["minimum", isNumber],
  ["maximum", isNumber],
  ["exclusiveMinimum", (value: unknown) => typeof value === "boolean" || isNumber(value)],
  ["exclusiveMaximum", (value: unknown) => typeof value === "boolean" || isNumber(value)],
  ["multipleOf", (value: unknown) => isNumber(value) && (value as number) > 0],
  ["uniqueItems", (value: unknown) => typeof value === "boolean"],
  ["required", isNameList],
  ["enum", (value: unknown) => Array.isArray(value) && value.length > 0],
  ["properties", isObject],
  ["patternProperties", isObject],
  ["dependentRequired", (value: unknown) => isObject(value) && Object.values(value).every(isNameList)],
  ["dependentSchemas", isObject],
  ["dependencies", isObject],
  ["$defs", isObject],
  ["definitions", isObject],
  ["anyOf", isSchemaList],
  ["oneOf", isSchemaList],
  ["allOf", isSchemaList],
  ["prefixItems", isSchemaList],
  ["items", (value: unknown) => isSchema(value) || Array.isArray(value)],
  ["additionalItems", isSchema],
  ["additionalProperties", isSchema],
  ["unevaluatedProperties", isSchema],
  ["unevaluatedItems", isSchema],
  ["propertyNames", isSchema],
  ["contains", isSchema],
  ["not", isSchema],
  ["if", isSchema],
  ["then", isSchema],
  ["else", isSchema],
]);
