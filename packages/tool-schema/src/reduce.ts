import { annotating } from "./describing-keywords.ts";
import { expand } from "./expand.ts";
import { maxSteps, take, Telling, type Fitting, type Place } from "./fitting.ts";
import { wording } from "./hint.ts";
import { isObject } from "./json.ts";
import { typesOf, type JsonType, type Keywords } from "./keywords.ts";
import { loosen } from "./loosen.ts";
import { asJsonText, makePiece, type Piece } from "./piece.ts";
import { reduceArray } from "./reduce-array.ts";
import { reduceObject } from "./reduce-object.ts";
import { reduceUnion } from "./reduce-union.ts";
import { keepReference } from "./reference-piece.ts";
import { limitValues } from "./scalars.ts";

/** Writes one schema in the words of a provider that takes a subset of JSON Schema. */
export function reduce(fitting: Fitting, schema: unknown, place: Place): Piece {
  const telling = new Telling(fitting, place);
  const kept = keepReference(fitting, schema, place);
  if (kept !== undefined) return kept;
  const { keywords, place: expandedAt, isOpen } = expand(fitting, schema, place, telling);
  if (isOpen || place.steps > maxSteps || !take(fitting, "nodes", 1))
    return asJsonText(fitting, keywords, telling);
  const at = foldObject(fitting, keywords, expandedAt, telling);
  if (keywords.has("anyOf") || keywords.has("oneOf"))
    return reduceUnion(fitting, keywords, at, telling, { reduce });
  const types = typesOf(keywords);
  if (types === undefined) return asJsonText(fitting, keywords, telling);
  const kinds = [...types].filter((type) => type !== "null");
  const [only] = kinds;
  if (only === undefined)
    return { ...makePiece(fitting, new Map([["type", "null"]]), keywords, telling), takesNull: true };
  if (kinds.length === 1) return reduceType(fitting, keywords, only, at, telling, types.has("null"));
  return reduceUnion(fitting, unionOfTypes(keywords, [...types]), at, telling, { reduce });
}

function reduceType(
  fitting: Fitting,
  keywords: Keywords,
  type: JsonType,
  place: Place,
  telling: Telling,
  takesNull: boolean,
): Piece {
  if (type === "object" || type === "array") {
    const reduceThis = type === "object" ? reduceObject : reduceArray;
    const isTooDeep = place.depth > fitting.dialect.maxDepth;
    return isTooDeep
      ? asJsonText(fitting, keywords, telling, { optionalNull: takesNull })
      : reduceThis(fitting, keywords, place, telling, { takesNull, reduce });
  }
  const parts: Keywords = new Map([["type", type]]);
  limitValues({ fitting, from: keywords, type, parts, telling });
  return makePiece(fitting, parts, keywords, telling, { takesNull });
}

/** An object that has properties of its own beside its alternatives becomes one object. */
function foldObject(fitting: Fitting, keywords: Keywords, place: Place, telling: Telling): Place {
  const types = [...(typesOf(keywords) ?? [])];
  const isObjectOnly =
    types.includes("object") && types.every((type) => type === "object" || type === "null");
  const properties = keywords.get("properties");
  const isNamed = isObject(properties) && Object.keys(properties).length > 0;
  const words = isNamed ? [...alternatives, ...conditions] : conditions;
  const after = isObjectOnly ? loosen(fitting, keywords, place, telling, words) : place;
  for (const word of conditions) {
    if (keywords.has(word)) telling.tell(word, wording(word, keywords.get(word)));
    keywords.delete(word);
  }
  return after;
}

const alternatives = ["anyOf", "oneOf"] as const;
const conditions = ["if", "then", "else", "dependentSchemas"] as const;

/** A schema of several types as a union of one each, with the keywords that each has use for. */
function unionOfTypes(keywords: Keywords, types: readonly JsonType[]): Keywords {
  const rest = new Map(keywords);
  const own = annotating.filter((word) => rest.has(word));
  const union: Keywords = new Map(own.map((word) => [word, rest.get(word)]));
  for (const word of [...own, "type"]) rest.delete(word);
  union.set(
    "anyOf",
    types.map((type) => (type === "null" ? { type } : Object.fromEntries([["type", type], ...rest]))),
  );
  return union;
}
