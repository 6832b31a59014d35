import { none, ownLimits, type Dialect } from "../dialect.ts";

/** Tool use without `strict`: JSON Schema 2020-12 whose root is a plain object. */
export const anthropic: Readonly<Dialect> = {
  takes: "whole",
  keywords: none,
  patterns: "any",
  references: "all",
  nullable: "type",
  enums: "any",
  requiresAll: false,
  additional: "any",
  needsItems: false,
  // The API's own message: "Property keys should match pattern …".
  key: /^[A-Za-z0-9_.-]{1,64}$/u,
  // "How to implement tool use", "Specifying client tools".
  toolName: /^[A-Za-z0-9_-]{1,64}$/u,
  ...ownLimits,
};

const strictKeywords: ReadonlySet<string> = new Set([
  "title",
  "$schema",
  "format",
  "pattern",
  "minItems",
  "const",
  "default",
]);
const textFormats: ReadonlySet<string> = new Set([
  "date-time",
  "time",
  "date",
  "duration",
  "email",
  "hostname",
  "uri",
  "ipv4",
  "ipv6",
  "uuid",
]);

/** Tool use with `strict`: "Structured outputs", section "JSON Schema limitations". */
export const anthropicStrict: Readonly<Dialect> = {
  ...anthropic,
  takes: "subset",
  keywords: strictKeywords,
  formats: {
    string: textFormats,
    number: none,
  },
  // "Pattern support (regex)": no back-references, lookaround, word boundaries or large ranges.
  patterns: "plain",
  maxRepeat: 100,
  // "minItems (only values 0 and 1)".
  maxMinItems: 1,
  // "Recursive schemas" are not supported, nor are external references.
  references: "acyclic",
  // "enum (strings, numbers, bools, or nulls only)".
  enums: "primitives",
  // "additionalProperties must be set to false for objects".
  additional: "false",
  needsItems: true,
  // "Schema complexity limits" of a request, of which one tool can have no more.
  maxOptional: 24,
  maxUnions: 16,
};
