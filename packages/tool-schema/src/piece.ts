import { identifying } from "./describing-keywords.ts";
import { describe, take, type Fitting, type Telling } from "./fitting.ts";
import { wording } from "./hint.ts";
import { isSame } from "./json.ts";
import { typesOf, type Keywords } from "./keywords.ts";
import { restoreLike, type Restoration } from "./undo.ts";

/** One part of the output. */
export interface Piece {
  readonly schema: Readonly<Record<string, unknown>>;
  /** Whether the tool takes `null` here. */
  readonly takesNull: boolean;
  /** Whether it is a text that holds any JSON value, which no other text can stand beside. */
  readonly isAny: boolean;
}

/** Makes one part of the output: its keywords, what describes it, and `null` where that is taken. */
export function makePiece(
  fitting: Fitting,
  parts: Keywords,
  from: Keywords,
  telling: Telling,
  { takesNull = false, isAny = false, restoration = undefined as Restoration | undefined } = {},
): Piece {
  const title = from.get("title");
  if (
    typeof title === "string" &&
    fitting.dialect.keywords.has("title") &&
    take(fitting, "text", title.length)
  )
    parts.set("title", title);
  const description = describe(fitting, from.get("description"), telling.phrases);
  if (description !== undefined) parts.set("description", description);
  const schema = Object.fromEntries(parts);
  if (restoration !== undefined) fitting.undo.set(schema, restoration);
  const piece = { schema, takesNull: false, isAny };
  return takesNull ? withNull(fitting, piece, from) : piece;
}

/** The same part, which takes `null` as well; in the order of `from` where that says it already. */
export function withNull(fitting: Fitting, piece: Piece, from?: Keywords): Piece {
  const { schema } = piece;
  const change = (next: Readonly<Record<string, unknown>>): Piece => ({
    ...piece,
    schema: restoreLike(fitting.undo, schema, next),
    takesNull: true,
  });
  if (fitting.dialect.nullable === "keyword") return change({ ...schema, nullable: true });
  if (Array.isArray(schema["anyOf"]))
    return change({ ...schema, anyOf: [...(schema["anyOf"] as unknown[]), nothing()] });
  const { type, enum: values } = schema;
  const canListNull = fitting.dialect.enums === "primitives" && Array.isArray(values);
  const listsNull = canListNull && take(fitting, "enumValues", 1);
  if (typeof type !== "string" || (values !== undefined && !listsNull) || "const" in schema) {
    const { description, title, ...rest } = schema;
    const inner = restoreLike(fitting.undo, schema, rest);
    const beside = {
      ...(title !== undefined && { title }),
      ...(description !== undefined && { description }),
    };
    return { ...piece, schema: { ...beside, anyOf: [inner, nothing()] }, takesNull: true };
  }
  const types = [type, "null"];
  const own = from?.get("type");
  const inOrder = Array.isArray(own) && isSame([...own].sort(), [...types].sort()) ? (own as unknown) : types;
  if (!listsNull) return change({ ...schema, type: inOrder });
  const all = [...(values as unknown[]), null];
  const listed = from?.get("enum");
  const hasAll = Array.isArray(listed) && listed.length === all.length && listed.includes(null);
  return change({ ...schema, type: inOrder, enum: hasAll ? (listed as unknown) : all });
}

/** A text that holds a JSON value, for what no schema of the dialect can say; tells what it leaves out. */
export function asJsonText(
  fitting: Fitting,
  keywords: Keywords,
  telling: Telling,
  { optionalNull = false } = {},
): Piece {
  const [only, ...more] = typesOf(keywords) ?? [];
  const isObjectText = only === "object" && more.length === 0;
  const said = `any JSON ${isObjectText ? "object" : "value"}, written as JSON text`;
  if (isObjectText) telling.tell("type", said);
  else telling.phrases.push(said);
  for (const [keyword, value] of keywords) {
    const isSaid = keyword === "type" && (isObjectText || only === undefined);
    if (!silent.has(keyword) && !isSaid && !saysNothing(value))
      telling.tell(keyword, wording(keyword, value));
  }
  const restoration = { decode: "json" } as const;
  return makePiece(fitting, new Map([["type", "string"]]), keywords, telling, {
    isAny: true,
    takesNull: optionalNull,
    restoration,
  });
}

/** `true`, no properties, no names: keywords that limit nothing. */
function saysNothing(value: unknown): boolean {
  return value === true || value === null || (typeof value === "object" && Object.keys(value).length === 0);
}

function nothing(): Readonly<Record<string, unknown>> {
  return { type: "null" };
}

/** What says nothing of the value. */
const silent: ReadonlySet<string> = new Set([
  ...identifying,
  "title",
  "description",
  "readOnly",
  "writeOnly",
]);
