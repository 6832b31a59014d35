import { describing } from "./describing-keywords.ts";
import { isObject, isSame, printed } from "./json.ts";
import type { JsonType, Keywords } from "./keywords.ts";

/** Hears of a keyword that two schemas have differently and that cannot have both. */
export type Conflict = (keyword: string, value: unknown) => void;

/**
 * What takes only what both take, as far as one schema can say it; `outer` is changed to it. What it cannot say is left
 * to `conflict`, and what describes the outer one stands.
 */
export function mergeInto(outer: Keywords, inner: Keywords, conflict: Conflict): void {
  for (const [keyword, value] of inner) {
    const own = outer.get(keyword);
    if (own === undefined) outer.set(keyword, value);
    else if (!describing.has(keyword) && !isSame(own, value)) {
      const both = mergers.get(keyword)?.(own, value);
      if (both === undefined) conflictOrKeep(outer, keyword, value, conflict);
      else outer.set(keyword, both);
    }
  }
}

function conflictOrKeep(outer: Keywords, keyword: string, value: unknown, conflict: Conflict): void {
  // A second reference is followed after the first.
  if (keyword === "$ref") outer.set("allOf", [...((outer.get("allOf") as unknown[]) ?? []), { $ref: value }]);
  else conflict(keyword, value);
}

const largest = (one: unknown, other: unknown) => Math.max(one as number, other as number);
const smallest = (one: unknown, other: unknown) => Math.min(one as number, other as number);
const bothSchemas = (one: unknown, other: unknown) => ({ allOf: [one, other] });

function sharedTypes(one: unknown, other: unknown): unknown {
  const list = (value: unknown) => (Array.isArray(value) ? value : [value]) as JsonType[];
  const [ours, theirs] = [list(one), list(other)];
  const takes = (types: readonly JsonType[], type: JsonType) =>
    types.includes(type) || (type === "integer" && types.includes("number"));
  const shared = new Set([
    ...ours.filter((type) => takes(theirs, type)),
    ...theirs.filter((type) => takes(ours, type)),
  ]);
  const [only] = shared;
  return shared.size > 1 ? [...shared] : only;
}

function sharedValues(one: unknown, other: unknown): unknown {
  const known = new Set((other as unknown[]).map(identity));
  const shared = (one as unknown[]).filter((value) => known.has(identity(value)));
  return shared.length > 0 ? shared : undefined;
}

/** Long enough to tell the values of an enum apart, whatever they hold. */
function identity(value: unknown): string {
  return printed(value, 4_096);
}

function allProperties(one: unknown, other: unknown): unknown {
  const properties = new Map(Object.entries(one as object));
  for (const [name, schema] of Object.entries(other as object)) {
    const own = properties.get(name) as unknown;
    const isNew = !properties.has(name) || isSame(own, schema);
    properties.set(name, isNew ? schema : bothSchemas(own, schema));
  }
  return Object.fromEntries(properties);
}

function otherProperties(one: unknown, other: unknown): unknown {
  if (one === false || other === false) return false;
  if (!isObject(one)) return other;
  return isObject(other) ? bothSchemas(one, other) : one;
}

const mergers: ReadonlyMap<string, (one: unknown, other: unknown) => unknown> = new Map([
  ["type", sharedTypes],
  ["enum", sharedValues],
  ["minimum", largest],
  ["exclusiveMinimum", largest],
  ["minLength", largest],
  ["minItems", largest],
  ["minProperties", largest],
  ["minContains", largest],
  ["maximum", smallest],
  ["exclusiveMaximum", smallest],
  ["maxLength", smallest],
  ["maxItems", smallest],
  ["maxProperties", smallest],
  ["maxContains", smallest],
  ["uniqueItems", (one: unknown, other: unknown) => one === true || other === true],
  ["required", (one: unknown, other: unknown) => [...new Set([...(one as []), ...(other as [])])]],
  ["allOf", (one: unknown, other: unknown) => [...(one as []), ...(other as [])]],
  ["properties", allProperties],
  ["items", bothSchemas],
  ["propertyNames", bothSchemas],
  ["additionalProperties", otherProperties],
]);
