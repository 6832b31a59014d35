import { none, ownLimits, type Dialect } from "../dialect.ts";

// API reference, "FunctionDefinition": a name is of letters, digits, underscores and dashes, 64 at most.
const toolName = /^[A-Za-z0-9_-]{1,64}$/u;
// Not documented; an empty name or one with control characters is of no use to a model.
const key = /^[^\p{Cc}\p{Cf}\p{Cs}]{1,64}$/u;
// Azure OpenAI, "How to use function calling": descriptions are limited to 1,024 characters, and the API refuses longer ones.
const maxToolDescription = 1_024;
// Structured outputs, "Supported schemas", "Supported properties". Other formats are refused, also where not strict.
const textFormats: ReadonlySet<string> = new Set([
  "date-time",
  "time",
  "date",
  "duration",
  "email",
  "hostname",
  "ipv4",
  "ipv6",
  "uuid",
]);

/** Function calling without `strict`: JSON Schema whose root is a plain object, with the patterns and formats that are checked. */
export const openai: Readonly<Dialect> = {
  takes: "whole",
  keywords: none,
  formats: { string: textFormats, number: none },
  patterns: "plain",
  references: "all",
  nullable: "type",
  enums: "any",
  requiresAll: false,
  additional: "any",
  needsItems: true,
  key,
  toolName,
  maxToolDescription,
  ...ownLimits,
};

// "Supported properties", by type.
const strictKeywords: ReadonlySet<string> = new Set([
  "title",
  "$schema",
  "pattern",
  "format",
  "multipleOf",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "minItems",
  "maxItems",
  "const",
]);

/** Function calling with `strict`: "Structured outputs", section "Supported schemas". */
export const openaiStrict: Readonly<Dialect> = {
  ...openai,
  takes: "subset",
  keywords: strictKeywords,
  enums: "primitives",
  // "All fields must be required", "additionalProperties: false must always be set in objects".
  requiresAll: true,
  additional: "false",
  // "Objects have limitations on nesting depth and size", "Limitations on total string size", "… on enum size".
  maxDepth: 10,
  maxProperties: 5_000,
  maxText: 120_000,
  maxEnumValues: 1_000,
  maxLongEnumText: 15_000,
};
