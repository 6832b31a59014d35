import { expand, type Expanded } from "./expand.ts";
import { beside, followingLike, type Fitting, type Place, Telling } from "./fitting.ts";
import { wording } from "./hint.ts";
import { isObject, isSame, printed } from "./json.ts";
import { keywordsOf, type Keywords } from "./keywords.ts";
import { requiredOf } from "./properties.ts";

/** How many alternatives are looked into, for one object. */
const maxAlternatives = 256;

/**
 * Makes one object of an object and its alternatives: it has all their properties, and requires what every one requires.
 * What that leaves out is told. Of the given keywords, none is left. Gives the place after all references that the
 * alternatives are.
 */
export function loosen(
  fitting: Fitting,
  object: Keywords,
  place: Place,
  telling: Telling,
  words: readonly string[],
): Place {
  let after = place;
  for (const word of words) {
    const value = object.get(word);
    if (value === undefined) continue;
    object.delete(word);
    const alternatives = alternativesOf(word, value).slice(0, maxAlternatives);
    const expanded = alternatives.map((schema) => formOf(fitting, schema, place));
    for (const { place: at } of expanded) after = followingLike(after, at, place);
    const forms = expanded.map(({ keywords }) => keywords);
    telling.tell(word, isUnion(word) ? unionText(word, forms) : wording(word, value));
    addProperties(object, forms);
    if (!isUnion(word)) continue;
    const [first = [], ...others] = forms.map(requiredOf);
    const shared = first.filter((name) => others.every((names) => names.includes(name)));
    if (shared.length > 0) object.set("required", [...new Set([...requiredOf(object), ...shared])]);
  }
  return after;
}

function isUnion(word: string): boolean {
  return word === "anyOf" || word === "oneOf";
}

function alternativesOf(word: string, value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return word === "dependentSchemas" && isObject(value) ? Object.values(value) : word === "if" ? [] : [value];
}

/** An alternative as one object; its own alternatives are told with the others, as text. */
function formOf(fitting: Fitting, schema: unknown, place: Place): Expanded {
  const silent = new Telling({ ...fitting, hints: [] }, place);
  return expand(fitting, schema, beside(place), silent);
}

function addProperties(object: Keywords, forms: readonly Keywords[]): void {
  const own = object.get("properties");
  const properties = new Map<string, unknown>(isObject(own) ? Object.entries(own) : []);
  const offered = new Map<string, unknown[]>();
  for (const form of forms) {
    const more = form.get("properties");
    if (!isObject(more)) continue;
    for (const [name, schema] of Object.entries(more)) {
      const known = offered.get(name) ?? [];
      if (!known.some((other) => isSame(other, schema))) known.push(schema);
      offered.set(name, known);
    }
  }
  for (const [name, schemas] of offered) {
    const declared = properties.get(name);
    // The object's own schema holds for every alternative; what narrows it is told.
    if (
      properties.has(name) &&
      !(declared === true || (isObject(declared) && Object.keys(declared).length === 0))
    )
      continue;
    properties.set(name, eitherOf(schemas));
  }
  if (properties.size > 0) object.set("properties", Object.fromEntries(properties));
}

/** One schema for what the alternatives have under one name; the values that tell them apart become one list. */
function eitherOf(schemas: readonly unknown[]): unknown {
  if (schemas.length === 1) return schemas[0];
  const lists = schemas.map((schema) => {
    const keywords = keywordsOf(schema);
    return keywords.has("const") ? [keywords.get("const")] : (keywords.get("enum") as unknown[] | undefined);
  });
  return lists.every((list) => list !== undefined)
    ? { enum: [...new Set(lists.flat())] }
    : { anyOf: schemas };
}

function unionText(word: string, forms: readonly Keywords[]): string {
  const texts = forms.map((form) => {
    const properties = form.get("properties");
    const fixed = isObject(properties)
      ? Object.entries(properties).filter(([, schema]) => isObject(schema) && "const" in schema)
      : [];
    const values = fixed.map(
      ([name, schema]) => `${name} = ${printed((schema as { const: unknown }).const, 60)}`,
    );
    const names = requiredOf(form).filter((name) => !fixed.some(([other]) => other === name));
    return [...values, ...names].join(" + ") || printed(Object.fromEntries(form), 80);
  });
  return `with ${word === "oneOf" ? "exactly one" : "at least one"} of: ${texts.join(" | ")}`;
}
