import { take, within, type Fitting, type Place, type Telling } from "./fitting.ts";
import { wording } from "./hint.ts";
import { isObject, printed } from "./json.ts";
import { takesNothing, type Keywords } from "./keywords.ts";
import { asJsonText, makePiece, type Piece } from "./piece.ts";
import { nameProperty, requiredOf, showSome } from "./properties.ts";
import { othersOf, writeOthers } from "./reduce-others.ts";
import { limitValues } from "./scalars.ts";
import { othersKey, WrittenObject } from "./written-object.ts";

/** What an object or an array is written with. */
export interface ReducePart {
  readonly takesNull: boolean;
  readonly reduce: (fitting: Fitting, schema: unknown, place: Place) => Piece;
  /** Whether it is the root, which has to be an object with named properties. */
  readonly isRoot?: boolean;
}

/** Writes an object: its properties under names that are taken, and others as a list where they cannot be open. */
export function reduceObject(
  fitting: Fitting,
  keywords: Keywords,
  place: Place,
  telling: Telling,
  part: ReducePart,
): Piece {
  const { takesNull, isRoot = false } = part;
  const { additional } = fitting.dialect;
  const declared = propertiesOf(keywords, telling);
  const others = othersOf(keywords, isRoot || declared.length > 0);
  if (declared.length === 0 && !isRoot && additional !== "any")
    return writeOthers(fitting, keywords, others ?? true, place, telling, part);
  const adds = additional !== "any" && others !== undefined ? 1 : 0;
  const shown = fitInto(fitting, declared, keywords, telling, { isRoot, adds });
  if (shown === undefined) return asJsonText(fitting, keywords, telling, { optionalNull: takesNull });
  const object = new WrittenObject();
  const required = new Set(requiredOf(keywords));
  for (const [name, schema] of shown) {
    const key = nameProperty(fitting, name, telling);
    const piece = part.reduce(fitting, schema, within(place, name));
    object.add(fitting, key, piece, { name, isRequired: required.has(name) });
  }
  const parts: Keywords = new Map([["type", "object"]]);
  const rest = shown.length < declared.length ? true : others;
  if (additional === "any") openTo(fitting, keywords, rest, place, telling, part, parts);
  else if (rest !== undefined) object.addOthers(fitting, rest, place, part);
  limitValues({ fitting, from: keywords, type: "object", parts, telling });
  if (shown.length > 0 || isRoot || additional !== "any" || keywords.has("properties"))
    object.writeTo(parts, fitting.dialect.requiresAll);
  if (additional === "false") parts.set("additionalProperties", false);
  else if (additional === "absent" && rest === undefined && isClosed(keywords))
    telling.tell("additionalProperties", wording("additionalProperties", false));
  const restoration = object.restoration();
  return makePiece(fitting, parts, keywords, telling, { takesNull, restoration });
}

function isClosed(keywords: Keywords): boolean {
  return (
    takesNothing(keywords.get("additionalProperties")) || takesNothing(keywords.get("unevaluatedProperties"))
  );
}

/** Says what other properties there may be, where the provider lets an object say so. */
function openTo(
  fitting: Fitting,
  keywords: Keywords,
  others: unknown,
  place: Place,
  telling: Telling,
  { reduce }: ReducePart,
  parts: Keywords,
): void {
  if (others === undefined) {
    if (isClosed(keywords)) parts.set("additionalProperties", false);
    return;
  }
  if (!keywords.has("additionalProperties")) return;
  const mark = fitting.hints.length;
  const piece =
    isObject(others) && Object.keys(others).length > 0
      ? reduce(fitting, others, within(place, "{}"))
      : undefined;
  if (piece?.isAny === true) {
    fitting.hints.length = mark;
    telling.tell("additionalProperties", wording("additionalProperties", others));
  }
  parts.set("additionalProperties", piece === undefined || piece.isAny ? true : piece.schema);
}

/** The declared properties, those that are only required with them; what takes no value is left out. */
function propertiesOf(keywords: Keywords, telling: Telling): [string, unknown][] {
  const own = keywords.get("properties");
  const declared = isObject(own) ? Object.entries(own) : [];
  const names = new Set(declared.map(([name]) => name));
  const missing = [...new Set(requiredOf(keywords))].filter((name) => !names.has(name));
  return [...declared, ...missing.map((name): [string, unknown] => [name, {}])].filter(([name, schema]) => {
    if (!takesNothing(schema)) return true;
    telling.tell("not", `without ${printed(name, 100)}`);
    return false;
  });
}

/** The properties that there is room for: all, those of a root that come first, or none. */
function fitInto(
  fitting: Fitting,
  declared: readonly [string, unknown][],
  keywords: Keywords,
  telling: Telling,
  { isRoot, adds }: { readonly isRoot: boolean; readonly adds: number },
): readonly [string, unknown][] | undefined {
  const { properties, text, nodes } = fitting.left;
  const room = Math.min(properties, nodes);
  const length = declared.reduce((sum, [name]) => sum + Math.min(name.length, 64), adds * othersKey.length);
  if (declared.length + adds <= room && take(fitting, "text", length)) {
    take(fitting, "properties", declared.length + adds);
    return declared;
  }
  if (!isRoot) return undefined;
  const count = Math.min(Math.floor(room / 2), Math.floor(text / 2 / 64), declared.length);
  const schemas = new Map(declared);
  const shown = showSome([...schemas.keys()], count, keywords, telling);
  take(fitting, "properties", count);
  take(fitting, "text", count * 64);
  return shown.map((name) => [name, schemas.get(name)]);
}
