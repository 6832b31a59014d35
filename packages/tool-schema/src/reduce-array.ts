import { expand } from "./expand.ts";
import { Telling, within, type Fitting, type Place } from "./fitting.ts";
import { takesNothing, typesOf, type Keywords } from "./keywords.ts";
import { makePiece, type Piece } from "./piece.ts";
import type { ReducePart } from "./reduce-object.ts";
import { limitValues } from "./scalars.ts";

/** Writes an array: a tuple becomes a list of any of its items where the provider has no tuples. */
export function reduceArray(
  fitting: Fitting,
  keywords: Keywords,
  place: Place,
  telling: Telling,
  { takesNull, reduce }: ReducePart,
): Piece {
  const parts: Keywords = new Map([["type", "array"]]);
  const first = keywords.get("prefixItems") as readonly unknown[] | undefined;
  const items = keywords.get("items");
  limitValues({ fitting, from: keywords, type: "array", parts, telling });
  if (first === undefined) {
    if (takesNothing(items)) telling.tell("items", "no items");
    parts.set("items", reduce(fitting, takesNothing(items) ? {} : (items ?? {}), within(place, "[]")).schema);
  } else if (fitting.dialect.keywords.has("prefixItems")) {
    parts.set(
      "prefixItems",
      first.map((item, at) => reduce(fitting, item, within(place, String(at))).schema),
    );
    if (takesNothing(items)) limitLength(keywords, parts, first.length);
    else if (items !== undefined) parts.set("items", reduce(fitting, items, within(place, "[]")).schema);
  } else {
    const rest = items === undefined || takesNothing(items) ? [] : [items];
    const order = first.map((item, at) => nameOf(fitting, item, within(place, String(at)))).join(", ");
    telling.tell(
      "prefixItems",
      `${rest.length > 0 ? "beginning with" : "exactly"} these items in order: ${order}`,
    );
    const all = [...first, ...rest];
    const [only] = all;
    parts.set("items", reduce(fitting, all.length === 1 ? only : { anyOf: all }, within(place, "[]")).schema);
  }
  return makePiece(fitting, parts, keywords, telling, { takesNull });
}

function limitLength(keywords: Keywords, parts: Keywords, length: number): void {
  parts.set("maxItems", Math.min(length, (keywords.get("maxItems") as number | undefined) ?? length));
}

/** What a tuple's item is called in a text. */
function nameOf(fitting: Fitting, item: unknown, place: Place): string {
  const silent = new Telling({ ...fitting, hints: [] }, place);
  const { keywords } = expand(fitting, item, place, silent);
  const title = keywords.get("title");
  if (typeof title === "string" && title !== "") return title;
  return [...(typesOf(keywords) ?? ["any"])].join(" or ");
}
