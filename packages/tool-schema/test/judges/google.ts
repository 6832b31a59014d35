// By "FunctionDeclaration", "Schema" and "GenerationConfig" of Google's API reference, and the messages of its API.
import {
  brokenReferences,
  everySchema,
  isCyclic,
  isSchema,
  namedTypes,
  onlyKeywords,
  patternTrouble,
  type Found,
  type Judge,
} from "./walk.ts";

const openApiKeywords = new Set(
  [
    [
      "type",
      "format",
      "title",
      "description",
      "nullable",
      "enum",
      "items",
      "minItems",
      "maxItems",
      "properties",
    ],
    [
      "required",
      "minProperties",
      "maxProperties",
      "minLength",
      "maxLength",
      "pattern",
      "anyOf",
      "minimum",
      "maximum",
    ],
    ["propertyOrdering"],
  ].flat(),
);

/** A declaration with `parameters`. */
export const judgeGoogle: Judge = ({ name, schema }) => [
  ...judgeName(name),
  ...(schema === undefined ? [] : everySchema(schema).flatMap(judgeOpenApi)),
];

function judgeOpenApi(found: Found): string[] {
  const { schema, at } = found;
  const complaints = onlyKeywords(found, openApiKeywords);
  const { type, enum: listed, properties, required = [], items, pattern, format } = schema;
  if ("anyOf" in schema) {
    if (Object.keys(schema).length > 1) complaints.push(`${at}: any_of has to be the only field set`);
    return complaints;
  }
  if (typeof type !== "string") complaints.push(`${at}: type has to be one type`);
  if (Array.isArray(listed)) {
    if (type !== "string") complaints.push(`${at}: enum: only allowed for STRING type`);
    if (listed.some((value) => typeof value !== "string" || value === ""))
      complaints.push(`${at}: enum: cannot be empty or no text`);
  }
  if (type === "array" && !isSchema(items)) complaints.push(`${at}: items: missing field`);
  if (type !== "object" && ("properties" in schema || "required" in schema))
    complaints.push(`${at}: properties: only allowed for OBJECT type`);
  if (type === "object") {
    const names = Object.keys((properties ?? {}) as object);
    if (names.length === 0) complaints.push(`${at}: properties: should be non-empty for OBJECT type`);
    if (!(required as string[]).every((name) => names.includes(name)))
      complaints.push(`${at}: required: property is not defined`);
    if (!names.every((name) => /^[a-zA-Z_][a-zA-Z0-9_]{0,63}$/u.test(name)))
      complaints.push(`${at}: a property's name`);
  }
  const formats = type === "string" ? ["date-time", "enum"] : ["float", "double", "int32", "int64"];
  if (format !== undefined && !formats.includes(format as string))
    complaints.push(`${at}: the format ${String(format)}`);
  const trouble = pattern === undefined ? undefined : patternTrouble(pattern);
  return trouble === undefined ? complaints : [...complaints, `${at}: the pattern ${trouble}`];
}

const jsonSchemaKeywords = new Set(
  [
    [
      "$id",
      "$defs",
      "$ref",
      "$anchor",
      "type",
      "format",
      "title",
      "description",
      "enum",
      "items",
      "prefixItems",
    ],
    ["minItems", "maxItems", "minimum", "maximum", "anyOf", "oneOf", "properties", "additionalProperties"],
    ["required", "propertyOrdering"],
  ].flat(),
);

/** A declaration with `parametersJsonSchema`. */
export const judgeGoogleJsonSchema: Judge = ({ name, schema = {} }) => [
  ...judgeName(name),
  ...(schema["type"] === "object" ? [] : ["the schema has to describe an object"]),
  ...brokenReferences(schema),
  ...everySchema(schema).flatMap((found) => {
    const { schema: part, at } = found;
    const complaints = onlyKeywords(found, jsonSchemaKeywords);
    if ("$ref" in part && Object.keys(part).some((keyword) => !keyword.startsWith("$")))
      complaints.push(`${at}: nothing may be set beside $ref`);
    if (((part["enum"] ?? []) as unknown[]).some((value) => !["string", "number"].includes(typeof value)))
      complaints.push(`${at}: an enum is for strings and numbers`);
    if (namedTypes(part).includes("string") && part["format"] !== undefined)
      if (!["date-time", "date", "time"].includes(part["format"] as string))
        complaints.push(`${at}: the format ${String(part["format"])}`);
    // Cycles may be in properties that are not required; here none are kept at all.
    if (
      isSchema(part["$defs"]) &&
      Object.values(part["$defs"]).some((one) => isSchema(one) && isCyclic(schema, one))
    )
      complaints.push(`${at}: a recursive definition`);
    return complaints;
  }),
];

function judgeName(name: string): string[] {
  return /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$/u.test(name) ? [] : [`the name ${name} is not allowed`];
}
