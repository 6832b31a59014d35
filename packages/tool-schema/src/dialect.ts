/** What one provider takes of JSON Schema in one mode: facts only, so that the transforms never ask who it is. */
export interface Dialect {
  /**
   * `whole`: any JSON Schema is taken, apart from what the other fields say. `subset`: only what is named here is, and
   * every schema has a type.
   */
  readonly takes: "whole" | "subset";
  /** The keywords that are taken as they are, for a `subset`; what the transforms write themselves is not listed. */
  readonly keywords: ReadonlySet<string>;
  /** Whether keywords that only limit a value may stay at all; defaults to `true`. */
  readonly limitsValues?: boolean;
  /** The values of `format` that are taken, by type; `undefined` takes every one. */
  readonly formats?: { readonly string: ReadonlySet<string>; readonly number: ReadonlySet<string> };
  /** Which regular expressions are taken: all, or those without lookaround, back-references and the like. */
  readonly patterns: "any" | "plain";
  /** The largest count in `{n,m}` of a plain pattern; defaults to no limit. */
  readonly maxRepeat?: number;
  /** The largest `minItems` that is taken; defaults to no limit. */
  readonly maxMinItems?: number;
  /** Which local references are taken. */
  readonly references: "all" | "acyclic" | "none";
  /** How a schema says that `null` is taken too: in its type, or by OpenAPI's keyword. */
  readonly nullable: "type" | "keyword";
  /** Which values may be listed in `enum`. */
  readonly enums: "any" | "primitives" | "strings and numbers" | "strings";
  /** Whether a union may have keywords beside it, such as a description. */
  readonly unionStandsAlone?: boolean;
  /** Whether every property has to be required; what was optional then takes `null`. */
  readonly requiresAll: boolean;
  /** What `additionalProperties` may be: anything, `false` which has to be there, or nothing at all. */
  readonly additional: "any" | "false" | "absent";
  /** Whether an array has to say what its items are. */
  readonly needsItems: boolean;
  /** The keywords that the root may have; defaults to all that any schema may have. */
  readonly rootKeywords?: ReadonlySet<string>;
  /** What the name of a property has to match. */
  readonly key: RegExp;
  /** What the name of a tool has to match. */
  readonly toolName: RegExp;
  /** How long the description of a tool may be, in UTF-16 units; defaults to no limit. */
  readonly maxToolDescription?: number;
  /** How deep objects and arrays may nest, the root counted. */
  readonly maxDepth: number;
  /** How many properties there may be in all objects together. */
  readonly maxProperties: number;
  /** How many values all enums may have together; defaults to no limit. */
  readonly maxEnumValues?: number;
  /** How long the values of an enum of more than 250 may be together; defaults to no limit. */
  readonly maxLongEnumText?: number;
  /** How long names, listed values and other texts may be together, descriptions apart, in UTF-16 units. */
  readonly maxText: number;
  /** How many properties may be optional, in one tool; defaults to no limit. */
  readonly maxOptional?: number;
  /** How many properties may be unions or have several types, in one tool; defaults to no limit. */
  readonly maxUnions?: number;
}

/** What a schema may come to where a provider documents no limit: this package's own bounds. */
export const ownLimits = { maxDepth: 32, maxProperties: 5_000, maxText: 2_097_152 } as const;

/** Where nothing is taken, or nothing more than the rest says. */
export const none: ReadonlySet<string> = new Set();

/** The keywords that limit a value without saying of what it consists. */
export const valueKeywords: ReadonlySet<string> = new Set([
  "minLength",
  "maxLength",
  "pattern",
  "format",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minItems",
  "maxItems",
  "uniqueItems",
  "minProperties",
  "maxProperties",
]);
