import { cut, printed } from "./json.ts";

/** What a provider does not take of a schema, and what is said in its place. */
export interface Hint {
  /**
   * Where it was: the names of properties, `[]` for the items of an array, `{}` for other properties; `[]` alone is the
   * root. Below a definition that is kept, it begins with `$defs` and the definition's name.
   */
  readonly path: readonly string[];
  /** The keyword that is gone, or `name` for a property that is called differently. */
  readonly keyword: string;
  /** What is said in the nearest description, at most 300 UTF-16 units. */
  readonly text: string;
}

const maxPhrase = 300;
const maxPhrases = 2_000;
/** How long a description may be that a server wrote, in UTF-16 units. */
const maxDescription = 16_384;

/** A phrase that is short enough for a description. */
export function phrase(text: string): string {
  return cut(text, maxPhrase);
}

/** A description with what has to be said beside it; `undefined` where there is neither. */
export function described(description: unknown, phrases: readonly string[]): string | undefined {
  const own = typeof description === "string" && description !== "" ? cut(description, maxDescription) : "";
  const unsaid = [...new Set(phrases)].filter((text) => !own.includes(text));
  const said = unsaid.length === 0 ? "" : `Constraints: ${cut(unsaid.join("; "), maxPhrases)}.`;
  return [own, said].filter((part) => part !== "").join("\n\n") || undefined;
}

/** What a keyword of a value's own says, in words. */
export function wording(keyword: string, value: unknown): string {
  if (value === false && keyword.endsWith("Properties")) return "no other properties";
  const words = Object.hasOwn(wordings, keyword) ? wordings[keyword] : undefined;
  const shown = typeof value === "string" ? value : printed(value, maxPhrase);
  return phrase(words === undefined ? `${keyword} ${shown}` : words.replace("%", () => shown));
}

/** The values of an enum, in words. */
export function oneOf(values: readonly unknown[]): string {
  let text = "one of ";
  for (const [at, value] of values.entries()) {
    if (text.length > maxPhrase) break;
    text += `${at === 0 ? "" : ", "}${printed(value, maxPhrase)}`;
  }
  return cut(text, maxPhrase);
}

const wordings: Readonly<Record<string, string>> = {
  minLength: "at least % characters",
  maxLength: "at most % characters",
  pattern: "matches the pattern %",
  format: "in the format %",
  minimum: "at least %",
  maximum: "at most %",
  exclusiveMinimum: "more than %",
  exclusiveMaximum: "less than %",
  multipleOf: "a multiple of %",
  minItems: "at least % items",
  maxItems: "at most % items",
  uniqueItems: "no item twice",
  contains: "with an item like %",
  minContains: "at least % such items",
  maxContains: "at most % such items",
  minProperties: "at least % properties",
  maxProperties: "at most % properties",
  propertyNames: "names of properties like %",
  patternProperties: "properties by the patterns of their names: %",
  properties: "with the properties %",
  required: "not without %",
  items: "items like %",
  prefixItems: "items in this order: %",
  anyOf: "any of %",
  oneOf: "exactly one of %",
  allOf: "all of %",
  if: "if it is like %",
  then: "then like %",
  else: "else like %",
  type: "of the type %",
  additionalProperties: "other properties like %",
  unevaluatedProperties: "other properties like %",
  unevaluatedItems: "other items like %",
  dependentRequired: "properties that need others: %",
  dependentSchemas: "what a property brings with it: %",
  not: "not %",
  const: "exactly %",
  default: "by default %",
  examples: "for example %",
  example: "for example %",
  deprecated: "deprecated",
  contentEncoding: "encoded as %",
  contentMediaType: "content of the type %",
  $ref: "as described at %",
  $dynamicRef: "as described at %",
  $recursiveRef: "as described at %",
};
