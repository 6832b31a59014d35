import { take, within, type Fitting, type Place, type Telling } from "./fitting.ts";
import { isObject } from "./json.ts";
import { takesNothing, type Keywords } from "./keywords.ts";
import { asJsonText, makePiece, type Piece } from "./piece.ts";
import type { ReducePart } from "./reduce-object.ts";
import { limitValues } from "./scalars.ts";

/** What an object's other properties have to be like; `undefined` where it is closed, or says nothing beside those it names. */
export function othersOf(keywords: Keywords, isNamed: boolean): unknown {
  const additional = keywords.get("additionalProperties");
  const patterns = keywords.get("patternProperties");
  const unevaluated = keywords.get("unevaluatedProperties");
  if (additional === true || (isObject(additional) && !takesNothing(additional))) return additional;
  if (isObject(patterns) && Object.keys(patterns).length > 0) {
    const all = Object.values(patterns);
    return all.length === 1 ? all[0] : { anyOf: all };
  }
  if (unevaluated === true || (isObject(unevaluated) && !takesNothing(unevaluated))) return unevaluated;
  return additional === undefined && unevaluated === undefined && !isNamed ? true : undefined;
}

/** Writes an object that names no properties, for a provider that wants them named: as a list of entries, or as JSON text. */
export function writeOthers(
  fitting: Fitting,
  keywords: Keywords,
  schema: unknown,
  place: Place,
  telling: Telling,
  { takesNull, reduce }: ReducePart,
): Piece {
  const mark = fitting.hints.length;
  const entry = within(place, "{}");
  const isTooDeep = entry.depth > fitting.dialect.maxDepth;
  const hasRoom =
    !isTooDeep && take(fitting, "properties", 2) && take(fitting, "nodes", 2) && take(fitting, "text", 9);
  const value = !hasRoom ? undefined : reduce(fitting, schema, { ...entry, depth: entry.depth + 1 });
  if (value === undefined || value.isAny) {
    fitting.hints.length = mark;
    if (!keywords.has("type")) keywords.set("type", "object");
    if (schema !== true && !keywords.has("additionalProperties"))
      keywords.set("additionalProperties", schema);
    return asJsonText(fitting, keywords, telling, { optionalNull: takesNull });
  }
  telling.tell("additionalProperties", "a list of entries, each of which becomes a property");
  const parts: Keywords = new Map([["type", "array"]]);
  parts.set("items", {
    type: "object",
    properties: { name: { type: "string" }, value: value.schema },
    required: ["name", "value"],
    ...(fitting.dialect.additional === "false" && { additionalProperties: false }),
  });
  const limits: Keywords = new Map();
  limitValues({ fitting, from: keywords, type: "object", parts: limits, telling });
  // A list has no properties to count.
  for (const [from, to] of [
    ["minProperties", "minItems"],
    ["maxProperties", "maxItems"],
  ] as const) {
    if (limits.has(from) && fitting.dialect.keywords.has(to)) parts.set(to, limits.get(from));
  }
  const restoration = { decode: "entries" } as const;
  return makePiece(fitting, parts, keywords, telling, { takesNull, restoration });
}
