import { identifying } from "./describing-keywords.ts";
import { valueKeywords } from "./dialect.ts";
import { expand } from "./expand.ts";
import { beside, describe, maxSteps, take, Telling, within, type Fitting, type Place } from "./fitting.ts";
import { wording } from "./hint.ts";
import { isObject, sizeOf } from "./json.ts";
import { keywordsOf, typesOf, type Keywords } from "./keywords.ts";
import { nameProperty, requiredOf, showSome } from "./properties.ts";
import { mayStay } from "./scalars.ts";
import { restoreLike } from "./undo.ts";

/** Goes through a schema once. */
export class Tidier {
  /** Whether a reference is left that leads to a place which is no definition. */
  keepsPlaces = false;
  readonly #fitting: Fitting;
  readonly #writesOut: boolean;
  /** Whether no reference stays, because there are none or too many definitions for one schema. */
  readonly #writesAllOut: boolean;

  constructor(fitting: Fitting, writesOut: boolean) {
    this.#fitting = fitting;
    this.#writesOut = writesOut;
    this.#writesAllOut =
      fitting.dialect.references === "none" || fitting.references.definitionCount > fitting.left.nodes / 2;
  }

  tidy(schema: unknown, place: Place): unknown {
    if (typeof schema === "boolean") return schema;
    const telling = new Telling(this.#fitting, place);
    const { dialect } = this.#fitting;
    if (place.depth > dialect.maxDepth || place.steps > maxSteps || !take(this.#fitting, "nodes", 1))
      return opened(this.#fitting, schema, telling);
    const { keywords, place: at } = this.#follow(schema, place, telling);
    const output = this.tidyKeywords(keywords, at, telling);
    return describedAs(this.#fitting, output, keywords, telling.phrases);
  }

  /** Goes through the keywords of one schema, of which it leaves the description as it is. */
  tidyKeywords(keywords: Keywords, place: Place, telling: Telling): Readonly<Record<string, unknown>> {
    const parts: Keywords = new Map();
    this.#limitProperties(keywords, telling);
    const renamed = this.#rename(keywords, telling);
    for (const [keyword, value] of keywords) {
      if (keyword === "description") continue;
      if (this.#writesAllOut && (keyword === "$defs" || keyword === "definitions")) continue;
      const part = this.#tidyKeyword(keyword, value, keywords, place, renamed);
      if (part !== undefined) parts.set(keyword, part);
      else if (!silent.has(keyword)) telling.tell(keyword, wording(keyword, value));
    }
    const needsItems = this.#fitting.dialect.needsItems && typesOf(keywords)?.has("array") === true;
    if (needsItems && !parts.has("items") && !parts.has("prefixItems")) parts.set("items", {});
    const output = Object.fromEntries(parts);
    if (renamed.size > 0) {
      const back = new Map([...renamed].map(([name, key]) => [key, name]));
      this.#fitting.undo.set(output, { renamed: back });
    }
    return output;
  }

  /** What the keyword becomes; `undefined` where it is not taken. */
  #tidyKeyword(
    keyword: string,
    value: unknown,
    keywords: Keywords,
    place: Place,
    renamed: ReadonlyMap<string, string>,
  ): unknown {
    const { dialect } = this.#fitting;
    const called = (name: string) => renamed.get(name) ?? name;
    if (keyword === "properties") return this.#tidyMap(value, (name) => within(place, name), called);
    if (keyword === "$defs" || keyword === "definitions")
      return this.#tidyMap(value, (name) => ({ ...beside(place), path: ["$defs", name], depth: 1 }));
    if (schemaMaps.has(keyword)) return this.#tidyMap(value, () => within(place, "{}"), called);
    if (schemaLists.has(keyword) && (value as unknown[]).length > this.#fitting.left.nodes) return undefined;
    if (schemaLists.has(keyword))
      return (value as readonly unknown[]).map((schema, at) =>
        this.tidy(schema, keyword === "prefixItems" ? within(place, String(at)) : beside(place)),
      );
    const step = schemas.get(keyword);
    if (step !== undefined) return this.tidy(value, step === "" ? beside(place) : within(place, step));
    if (keyword === "required") return [...new Set((value as readonly string[]).map(called))];
    if (keyword === "dependentRequired")
      return Object.fromEntries(
        Object.entries(value as Record<string, string[]>).map(([name, names]) => [
          called(name),
          names.map(called),
        ]),
      );
    if (valueKeywords.has(keyword)) {
      const [type] = typesOf(keywords) ?? [];
      if (dialect.limitsValues === false || !mayStay(dialect, keyword, value, type)) return undefined;
    }
    return take(this.#fitting, "text", sizeOf(value, this.#fitting.left.text)) ? value : undefined;
  }

  /** Leaves as many properties as there is room for, those that are required first. */
  #limitProperties(keywords: Keywords, telling: Telling): void {
    const properties = keywords.get("properties");
    const names = isObject(properties) ? Object.keys(properties) : [];
    const { left } = this.#fitting;
    const room = Math.min(left.properties, left.nodes);
    if (names.length > room && isObject(properties)) {
      const shown = showSome(names, Math.floor(room / 2), keywords, telling);
      keywords.set("properties", Object.fromEntries(shown.map((name) => [name, properties[name]])));
      for (const word of ["additionalProperties", "unevaluatedProperties"])
        if (keywords.get(word) === false) keywords.delete(word);
    }
    take(this.#fitting, "properties", Math.min(names.length, left.properties));
  }

  #tidyMap(value: unknown, placeOf: (name: string) => Place, called = (name: string) => name): unknown {
    const entries = Object.entries(value as object) as [string, unknown][];
    return Object.fromEntries(
      entries.map(([name, schema]) => [called(name), this.tidy(schema, placeOf(name))]),
    );
  }

  /** What properties have to be called, by what the tool calls them. */
  #rename(keywords: Keywords, telling: Telling): ReadonlyMap<string, string> {
    const renamed = new Map<string, string>();
    const properties = keywords.get("properties");
    const declared = isObject(properties) ? Object.keys(properties) : [];
    for (const name of new Set([...declared, ...requiredOf(keywords)])) {
      const key = nameProperty(this.#fitting, name, telling);
      if (key !== name) renamed.set(name, key);
    }
    return renamed;
  }

  /** A schema with its reference, where that may stay, or with what it leads to. */
  #follow(schema: unknown, place: Place, telling: Telling): { keywords: Keywords; place: Place } {
    const keywords = keywordsOf(schema);
    const reference = keywords.get("$ref");
    if (typeof reference !== "string") return { keywords, place };
    const { references } = this.#fitting;
    const isDefinition = /^#(?:\/(?:\$defs|definitions)\/[^/]+)?$/u.test(reference);
    const isKept = !this.#writesAllOut && references.leadsToSchema(reference);
    if (!isKept || !(isDefinition || !this.#writesOut)) return expand(this.#fitting, schema, place, telling);
    if (!isDefinition) this.keepsPlaces = true;
    return { keywords, place };
  }
}

/** A schema that takes anything, in the place of one that there is no room for. */
function opened(fitting: Fitting, schema: unknown, telling: Telling): unknown {
  const keywords = keywordsOf(schema);
  for (const [keyword, value] of keywords)
    if (!silent.has(keyword) && keyword !== "description") telling.tell(keyword, wording(keyword, value));
  return describedAs(fitting, {}, keywords, telling.phrases);
}

/** A schema with its own description and what has to be said beside it. */
export function describedAs(
  fitting: Fitting,
  schema: Readonly<Record<string, unknown>>,
  keywords: Keywords,
  phrases: readonly string[],
): Readonly<Record<string, unknown>> {
  const description = describe(fitting, keywords.get("description"), phrases);
  if (description === undefined) return schema;
  return restoreLike(fitting.undo, schema, { ...schema, description });
}

const schemaMaps: ReadonlySet<string> = new Set(["patternProperties", "dependentSchemas"]);
const schemaLists: ReadonlySet<string> = new Set(["anyOf", "oneOf", "allOf", "prefixItems"]);
/** Keywords of one schema, by the step to it. */
const schemas: ReadonlyMap<string, string> = new Map([
  ["items", "[]"],
  ["contains", "[]"],
  ["unevaluatedItems", "[]"],
  ["additionalProperties", "{}"],
  ["unevaluatedProperties", "{}"],
  ["propertyNames", "{}"],
  ["contentSchema", "{}"],
  ["not", ""],
  ["if", ""],
  ["then", ""],
  ["else", ""],
]);
/** Says nothing of the value. */
export const silent: ReadonlySet<string> = new Set([...identifying, "title", "$vocabulary"]);
