import { isObject } from "../message.ts";
import type { Judge, RuleContext } from "./schema-rule.ts";
import { every, verdictOf, type Verdict } from "./schema-verdict.ts";

/** Each named member that is there fits its schema. */
export const properties: Judge = (value, wanted, _, context) => {
  if (!isObject(wanted)) return "unusable";
  if (!isObject(value)) return "holds";
  return every(Object.keys(wanted), (name) =>
    Object.hasOwn(value, name) ? context.apply(wanted[name], value[name]) : "holds",
  );
};

/** Each member that `properties` does not name fits a schema; with `patternProperties` beside it, nobody can tell which. */
export const additionalProperties: Judge = (value, wanted, schema, context) => {
  const { properties: named = {}, patternProperties: matched = {} } = schema;
  if (!isObject(named) || !isObject(matched)) return "unusable";
  if (!isObject(value)) return "holds";
  const names = context.namesOf(value).filter((name) => !Object.hasOwn(named, name));
  if (names.length > 0 && Object.keys(matched).length > 0) return "unknown";
  return every(names, (name) => context.apply(wanted, value[name]));
};

/** The name of each member fits a schema. */
export const propertyNames: Judge = (value, wanted, _, context) =>
  isObject(value) ? every(context.namesOf(value), (name) => context.apply(wanted, name)) : "holds";

/** Each of the members is there. */
export const required: Judge = (value, wanted) => {
  if (!Array.isArray(wanted) || !wanted.every((name) => typeof name === "string")) return "unusable";
  return verdictOf(!isObject(value) || wanted.every((name) => Object.hasOwn(value, name)));
};

/** Each item fits the schema at its own place. */
export const prefixItems: Judge = (value, wanted, _, context) => {
  if (!Array.isArray(wanted)) return "unusable";
  if (!Array.isArray(value)) return "holds";
  return every(wanted, (schema, index) =>
    index < value.length ? context.apply(schema, value[index]) : "holds",
  );
};

/** Each item fits the schema, except those that `prefixItems` speaks of; or, until 2019-09, each its own. */
export const items: Judge = (value, wanted, schema, context) => {
  if (Array.isArray(wanted)) return prefixItems(value, wanted, schema, context);
  const first = context.isRecent && Array.isArray(schema.prefixItems) ? schema.prefixItems.length : 0;
  return everyFrom(first, value, wanted, context);
};

/** Each item after those that `items` names one by one fits the schema (until 2019-09). */
export const additionalItems: Judge = (value, wanted, schema, context) =>
  Array.isArray(schema.items) ? everyFrom(schema.items.length, value, wanted, context) : "holds";

function everyFrom(first: number, value: unknown, schema: unknown, context: RuleContext): Verdict {
  return Array.isArray(value) ? every(value, (item) => context.apply(schema, item), first) : "holds";
}
