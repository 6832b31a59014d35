import { describing } from "./describing-keywords.ts";
import { beside, type Fitting, type Place, type Telling } from "./fitting.ts";
import { described, wording } from "./hint.ts";
import type { Keywords } from "./keywords.ts";
import { asJsonText, makePiece, type Piece } from "./piece.ts";
import type { ReducePart } from "./reduce-object.ts";
import { limitValues } from "./scalars.ts";
import { restoreLike } from "./undo.ts";

/** Writes a union: every branch has what stands beside the union, and one of any value makes all of it any value. */
export function reduceUnion(
  fitting: Fitting,
  keywords: Keywords,
  place: Place,
  telling: Telling,
  { reduce }: Pick<ReducePart, "reduce">,
): Piece {
  const word = keywords.has("anyOf") ? "anyOf" : "oneOf";
  const branches = keywords.get(word) as readonly unknown[];
  const { own, base } = split(keywords, telling);
  const mark = fitting.hints.length;
  const pieces = branches.map((branch) => {
    const whole = base.size === 0 ? branch : Object.fromEntries([...base, ["allOf", [branch]]]);
    return reduce(fitting, whole, beside(place));
  });
  if (pieces.some(({ isAny }) => isAny)) {
    // What was said of the branches is gone with them.
    fitting.hints.length = mark;
    return asJsonText(fitting, new Map([...own, ...base, [word, branches]]), telling);
  }
  const keepsWord = word === "oneOf" && fitting.dialect.keywords.has("oneOf");
  if (word === "oneOf" && !keepsWord && pieces.length > 1) telling.tell("oneOf", "exactly one of these");
  const parts: Keywords = new Map();
  limitValues({ fitting, from: own, type: "null", parts, telling });
  if (fitting.dialect.unionStandsAlone === true) return alone(fitting, pieces, own, telling);
  parts.set(
    keepsWord ? "oneOf" : "anyOf",
    pieces.map(({ schema }) => schema),
  );
  const takesNull = pieces.some((piece) => piece.takesNull || isNull(piece));
  return { ...makePiece(fitting, parts, own, telling), takesNull };
}

/** What describes the union, and what limits each branch; a second union is told. */
function split(keywords: Keywords, telling: Telling): { own: Keywords; base: Keywords } {
  const own: Keywords = new Map();
  const base: Keywords = new Map();
  for (const [keyword, value] of keywords) {
    if (describing.has(keyword)) own.set(keyword, value);
    else if (keyword === "oneOf" && keywords.has("anyOf")) telling.tell(keyword, wording(keyword, value));
    else if (keyword !== "anyOf" && keyword !== "oneOf") base.set(keyword, value);
  }
  return { own, base };
}

/** A union that may have nothing beside it: its description and `null` go to its first branch. */
function alone(fitting: Fitting, pieces: readonly Piece[], own: Keywords, telling: Telling): Piece {
  const takesNull = pieces.some((piece) => piece.takesNull || isNull(piece));
  // A branch that is a union itself cannot have anything beside it either: its branches are this one's.
  const branches = pieces
    .filter((piece) => !isNull(piece))
    .flatMap(({ schema }) => (Array.isArray(schema["anyOf"]) ? (schema["anyOf"] as Schema[]) : [schema]));
  const [first, ...others] = branches;
  if (first === undefined)
    return { ...makePiece(fitting, new Map([["type", "null"]]), own, telling), takesNull };
  const texts = [own.get("description"), described(undefined, telling.phrases), first["description"]];
  const said = new Set(texts.filter((text): text is string => typeof text === "string" && text !== ""));
  const head = restoreLike(fitting.undo, first, {
    ...first,
    ...(takesNull && { nullable: true }),
    ...(said.size > 0 && { description: [...said].join("\n\n") }),
  });
  return { schema: others.length === 0 ? head : { anyOf: [head, ...others] }, takesNull, isAny: false };
}

type Schema = Readonly<Record<string, unknown>>;

function isNull({ schema }: Piece): boolean {
  return schema["type"] === "null";
}
