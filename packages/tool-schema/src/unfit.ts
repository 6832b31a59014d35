import { accepts, referentOf } from "./accepts.ts";
import type { FittedSchema } from "./fit-schema.ts";
import { isObject } from "./json.ts";
import { typeOf } from "./keywords.ts";
import type { Restoration } from "./undo.ts";

/** How deep arguments are gone through; what is below stays as it is. */
const maxDepth = 64;
/** How many schemas may speak of one value. */
const maxSpeakers = 64;

type Schema = Readonly<Record<string, unknown>>;

/**
 * Gives the arguments that the tool takes for those that a model has given: `null` for what is optional is left out,
 * renamed properties get their names back, and what was given as JSON text or as a list of entries becomes what it stands
 * for. What fits nowhere stays as it is, so that the tool can say so. The very same object comes back where nothing had
 * to change, and the given one is never changed.
 */
export function unfitArguments<T>(given: T, fitted: Pick<FittedSchema, "schema" | "undo">): T {
  if (fitted.undo.size === 0) return given;
  return unfit(fitted, fitted.schema, given, maxDepth) as T;
}

function unfit(
  fitted: Pick<FittedSchema, "schema" | "undo">,
  schema: unknown,
  value: unknown,
  depth: number,
): unknown {
  if (!isObject(schema) || depth === 0) return value;
  const speakers = speakersOf(fitted, schema, value);
  const restorations = speakers.flatMap((speaker) => fitted.undo.get(speaker) ?? []);
  for (const { decode } of restorations) {
    if (decode === "json" && typeof value === "string") return parsed(value);
    const entries = decode === "entries" ? entriesOf(value) : undefined;
    if (entries !== undefined) {
      const inside = speakers.map((speaker) => valueSchema(speaker)).find((one) => one !== undefined);
      return Object.fromEntries(
        entries.map(([name, item]) => [name, unfit(fitted, inside, item, depth - 1)]),
      );
    }
  }
  if (Array.isArray(value)) return unfitItems(fitted, speakers, value, depth);
  return isObject(value) ? unfitProperties(fitted, speakers, restorations, value, depth) : value;
}

/** The schemas that speak of a value: the schema itself, what it refers to, and of each union the branch that fits. */
function speakersOf(
  { schema: root }: Pick<FittedSchema, "schema">,
  schema: Schema,
  value: unknown,
): Schema[] {
  const speakers: Schema[] = [];
  const open: unknown[] = [schema];
  for (let next = open.pop(); next !== undefined && speakers.length < maxSpeakers; next = open.pop()) {
    if (!isObject(next)) continue;
    speakers.push(next);
    if (next["$ref"] !== undefined) open.push(referentOf(root, next["$ref"]) ?? {});
    for (const word of ["allOf", "then", "else"]) {
      const parts = next[word];
      if (parts !== undefined) open.push(...(Array.isArray(parts) ? (parts as unknown[]) : [parts]));
    }
    for (const word of ["anyOf", "oneOf"]) {
      const branches = next[word];
      if (Array.isArray(branches)) open.push(branchFor(root, branches, value) ?? {});
    }
  }
  return speakers;
}

/** The branch that a value is of: the first that takes it, else the first of its type. */
function branchFor(root: unknown, branches: readonly unknown[], value: unknown): unknown {
  const type = typeOf(value);
  return (
    branches.find((branch) => accepts(root, branch, value)) ??
    branches.find((branch) => isObject(branch) && (branch["type"] === type || branch["$ref"] !== undefined))
  );
}

function unfitItems(
  fitted: Pick<FittedSchema, "schema" | "undo">,
  speakers: readonly Schema[],
  value: readonly unknown[],
  depth: number,
): readonly unknown[] {
  const items = value.map((item, at) =>
    speakers.reduce<unknown>((one, { prefixItems, items: rest }) => {
      const schema =
        Array.isArray(prefixItems) && at < prefixItems.length ? (prefixItems[at] as unknown) : rest;
      return unfit(fitted, schema, one, depth - 1);
    }, item),
  );
  return items.every((item, at) => item === value[at]) ? value : items;
}

function unfitProperties(
  fitted: Pick<FittedSchema, "schema" | "undo">,
  speakers: readonly Schema[],
  restorations: readonly Restoration[],
  value: Schema,
  depth: number,
): Schema {
  const entries: [string, unknown][] = [];
  const others: [string, unknown][] = [];
  let isChanged = false;
  for (const key of Object.keys(value)) {
    const given = value[key];
    const isLeftOut = given === null && restorations.some(({ optional }) => optional?.has(key));
    if (isLeftOut) {
      isChanged = true;
      continue;
    }
    const item = speakers.reduce<unknown>(
      (one, speaker) => unfit(fitted, propertySchema(speaker, key), one, depth - 1),
      given,
    );
    if (restorations.some((one) => one.others === key) && isObject(item)) {
      others.push(...Object.entries(item));
      isChanged = true;
      continue;
    }
    const name = restorations.map(({ renamed }) => renamed?.get(key)).find((one) => one !== undefined) ?? key;
    isChanged ||= name !== key || item !== given;
    entries.push([name, item]);
  }
  // A named property wins over one of the same name among the others.
  return isChanged ? Object.fromEntries([...others, ...entries]) : value;
}

function propertySchema({ properties, additionalProperties }: Schema, key: string): unknown {
  return isObject(properties) && Object.hasOwn(properties, key) ? properties[key] : additionalProperties;
}

/** What the values of a list of entries are like. */
function valueSchema({ items }: Schema): unknown {
  const properties = isObject(items) ? items["properties"] : undefined;
  return isObject(properties) ? properties["value"] : undefined;
}

/** A list of entries; `undefined` where it is none. */
function entriesOf(value: unknown): [string, unknown][] | undefined {
  if (!Array.isArray(value)) return undefined;
  const entries: [string, unknown][] = [];
  for (const item of value as unknown[]) {
    if (!isObject(item) || typeof item["name"] !== "string") return undefined;
    entries.push([item["name"], item["value"]]);
  }
  return entries;
}

/** What a JSON text stands for; a text that is none stands for itself. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
