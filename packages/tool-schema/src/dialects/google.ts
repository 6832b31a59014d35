import { none, ownLimits, type Dialect } from "../dialect.ts";

// API reference, "FunctionDeclaration": a name starts with a letter or an underscore. Longer ones are taken by the newest
// models only; parameters are named by letters, digits and underscores.
const toolName = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/u;
const key = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/u;

const openApiKeywords: ReadonlySet<string> = new Set([
  "title",
  "format",
  "minLength",
  "maxLength",
  "pattern",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
]);
// Firebase AI Logic, "Schema", names the two that the Gemini API takes for strings; "Schema" those of numbers.
const openApiTexts: ReadonlySet<string> = new Set(["date-time", "enum"]);
const openApiNumbers: ReadonlySet<string> = new Set(["float", "double", "int32", "int64"]);

/** `parameters`: API reference, "Schema", a subset of OpenAPI 3.0's. */
export const googleOpenApi: Readonly<Dialect> = {
  takes: "subset",
  keywords: openApiKeywords,
  formats: {
    string: openApiTexts,
    number: openApiNumbers,
  },
  patterns: "plain",
  references: "none",
  nullable: "keyword",
  // "enum[]: string", for strings only.
  enums: "strings",
  unionStandsAlone: true,
  requiresAll: false,
  additional: "absent",
  needsItems: true,
  key,
  toolName,
  ...ownLimits,
};

const jsonSchemaKeywords: ReadonlySet<string> = new Set([
  "title",
  "format",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
  "oneOf",
  "prefixItems",
]);
// Structured output, "JSON schema support", "Type-specific properties".
const jsonSchemaTexts: ReadonlySet<string> = new Set(["date-time", "date", "time"]);

/** `parametersJsonSchema`: API reference, "GenerationConfig", the JSON Schema that is taken; cycles are unrolled here. */
export const googleJsonSchema: Readonly<Dialect> = {
  ...googleOpenApi,
  keywords: jsonSchemaKeywords,
  formats: { string: jsonSchemaTexts, number: none },
  references: "acyclic",
  nullable: "type",
  // "enum (for strings and numbers)".
  enums: "strings and numbers",
  unionStandsAlone: false,
  additional: "any",
};
