import {
  additionalItems,
  additionalProperties,
  items,
  prefixItems,
  properties,
  propertyNames,
  required,
} from "./schema-parts.ts";
import type { Judge } from "./schema-rule.ts";
import {
  characterCount,
  constant,
  enumeration,
  itemCount,
  memberCount,
  ofNumber,
  ofSize,
  type,
} from "./schema-values.ts";
import { between, every, opposite, type Verdict } from "./schema-verdict.ts";

/** What one keyword of JSON Schema means. */
export interface SchemaRule {
  readonly judge: Judge;
  /** The first draft, or year, that knows the keyword. */
  readonly since?: number;
  /** Whether it breaks only where a schema within it does; that place tells more. */
  readonly passesOn?: boolean;
}

const reference: Judge = (value, wanted, _, context) =>
  typeof wanted === "string" ? context.follow(wanted, value) : "unusable";

const not: Judge = (value, wanted, _, context) => opposite(context.apply(wanted, value));

const condition: Judge = (value, wanted, schema, context) => {
  const branch = (name: "then" | "else"): Verdict =>
    Object.hasOwn(schema, name) ? context.apply(schema[name], value) : "holds";
  const decided = context.apply(wanted, value);
  if (decided === "holds") return branch("then");
  if (decided === "breaks") return branch("else");
  const both = branch("then");
  return both === branch("else") ? both : decided;
};

/** For keywords with a list of schemas for the same value. */
function ofSchemas(
  judge: (schemas: readonly unknown[], apply: (schema: unknown) => Verdict) => Verdict,
): Judge {
  return (value, wanted, _, context) => {
    if (!Array.isArray(wanted) || wanted.length === 0) return "unusable";
    return judge(wanted, (schema) => context.apply(schema, value));
  };
}

/**
 * Looked at, these would run a server's regular expression, compare every item with every other, or need to know what
 * other keywords have looked at.
 */
const unchecked: SchemaRule = { judge: () => "unknown" } as const;

/** The keywords that say something of a value; every other one is an annotation. */
export const schemaRules: Readonly<Record<string, SchemaRule>> = {
  $ref: { judge: reference, passesOn: true },
  allOf: { judge: ofSchemas((schemas, apply) => every(schemas, apply)), passesOn: true },
  anyOf: { judge: ofSchemas((schemas, apply) => between(schemas, 1, schemas.length, apply)) },
  oneOf: { judge: ofSchemas((schemas, apply) => between(schemas, 1, 1, apply)) },
  not: { judge: not },
  if: { judge: condition, passesOn: true, since: 7 },

  type: { judge: type },
  enum: { judge: enumeration },
  const: { judge: constant },
  minimum: { judge: ofNumber((number, least) => number >= least) },
  maximum: { judge: ofNumber((number, most) => number <= most) },
  exclusiveMinimum: { judge: ofNumber((number, bound) => number > bound) },
  exclusiveMaximum: { judge: ofNumber((number, bound) => number < bound) },
  minLength: { judge: ofSize(characterCount, (size, least) => size >= least) },
  maxLength: { judge: ofSize(characterCount, (size, most) => size <= most) },
  minItems: { judge: ofSize(itemCount, (size, least) => size >= least) },
  maxItems: { judge: ofSize(itemCount, (size, most) => size <= most) },
  minProperties: { judge: ofSize(memberCount, (size, least) => size >= least) },
  maxProperties: { judge: ofSize(memberCount, (size, most) => size <= most) },

  properties: { judge: properties, passesOn: true },
  additionalProperties: { judge: additionalProperties, passesOn: true },
  propertyNames: { judge: propertyNames, passesOn: true },
  required: { judge: required },
  prefixItems: { judge: prefixItems, passesOn: true, since: 2020 },
  items: { judge: items, passesOn: true },
  additionalItems: { judge: additionalItems, passesOn: true },

  $dynamicRef: unchecked,
  $recursiveRef: unchecked,
  contains: unchecked,
  dependencies: unchecked,
  dependentRequired: unchecked,
  dependentSchemas: unchecked,
  format: unchecked,
  multipleOf: unchecked,
  pattern: unchecked,
  patternProperties: unchecked,
  unevaluatedItems: unchecked,
  unevaluatedProperties: unchecked,
  uniqueItems: unchecked,
};
