import type { Dialect } from "./dialect.ts";
import { take, type Fitting, type Telling } from "./fitting.ts";
import { oneOf, wording } from "./hint.ts";
import { printed, sizeOf } from "./json.ts";
import { typeOf, type JsonType, type Keywords } from "./keywords.ts";
import { compiles, isPlainPattern } from "./pattern.ts";

/** Whether a keyword that limits a value may stay as it is. */
export function mayStay(
  dialect: Dialect,
  keyword: string,
  value: unknown,
  type: JsonType | undefined,
): boolean {
  if (keyword === "pattern") {
    const text = value as string;
    return dialect.patterns === "plain" ? isPlainPattern(text, dialect.maxRepeat) : compiles(text);
  }
  if (keyword === "format") {
    const { formats } = dialect;
    if (formats === undefined) return true;
    return (type === "integer" || type === "number" ? formats.number : formats.string).has(value as string);
  }
  return keyword !== "minItems" || (value as number) <= (dialect.maxMinItems ?? Infinity);
}

/** What limits the values of one type, without `null`. */
export interface Limiting {
  readonly fitting: Fitting;
  readonly from: Keywords;
  readonly type: JsonType;
  /** Where that is put which is taken; the rest is told. */
  readonly parts: Keywords;
  readonly telling: Telling;
}

/** Keeps or tells the values that are listed, each keyword that limits those of the type, and what goes with every type. */
export function limitValues(limiting: Limiting): void {
  listValues(limiting);
  const { fitting, from, type, parts, telling } = limiting;
  const { dialect } = fitting;
  const kept = wholeBounds(dialect, from, type);
  for (const keyword of [...(ofType[type] ?? []), ...ofAnyType]) {
    const value = kept.get(keyword);
    if (value === undefined || saysNothing(keyword, value)) continue;
    const stays = dialect.keywords.has(keyword) && mayStay(dialect, keyword, value, type);
    if (stays && take(fitting, "text", sizeOf(value, fitting.left.text))) parts.set(keyword, value);
    else telling.tell(keyword, wording(keyword, value));
  }
}

function listValues({ fitting, from, type, parts, telling }: Limiting): void {
  const isConst = from.has("const");
  const listed = isConst ? [from.get("const")] : (from.get("enum") as unknown[] | undefined);
  if (listed === undefined) return;
  const fits = (value: unknown) =>
    typeOf(value) === type || (type === "number" && typeOf(value) === "integer");
  const values = listed.filter(fits);
  if (values.length === 0 || !takesValues(fitting, values, type))
    telling.tell(isConst ? "const" : "enum", isConst ? wording("const", listed[0]) : oneOf(listed));
  else if (isConst && fitting.dialect.keywords.has("const")) parts.set("const", values[0]);
  else parts.set("enum", values);
}

function takesValues(fitting: Fitting, values: readonly unknown[], type: JsonType): boolean {
  const { enums, maxLongEnumText = Infinity } = fitting.dialect;
  const isText = type === "string";
  const isNumber = type === "number" || type === "integer";
  if (type === "object" || type === "array") return false;
  // Google's own API also refuses the empty text in an enum.
  if (enums === "strings" && !(isText && values.every((value) => value !== ""))) return false;
  if (enums === "strings and numbers" && !isText && !isNumber) return false;
  const length = values.reduce((sum: number, value) => sum + printed(value, 1_000).length, 0);
  if (values.length > 250 && isText && length > maxLongEnumText) return false;
  if (fitting.left.enumValues < values.length) return false;
  return take(fitting, "text", length) && take(fitting, "enumValues", values.length);
}

/** Exclusive bounds of whole numbers, as inclusive ones where only these are taken. */
function wholeBounds(dialect: Dialect, from: Keywords, type: JsonType): Keywords {
  if (type !== "integer" || dialect.keywords.has("exclusiveMinimum") || !dialect.keywords.has("minimum"))
    return from;
  const kept = new Map(from);
  const low = from.get("exclusiveMinimum") as number | undefined;
  const high = from.get("exclusiveMaximum") as number | undefined;
  if (low !== undefined) {
    kept.delete("exclusiveMinimum");
    kept.set(
      "minimum",
      Math.max(Math.floor(low) + 1, (from.get("minimum") as number | undefined) ?? -Infinity),
    );
  }
  if (high !== undefined) {
    kept.delete("exclusiveMaximum");
    kept.set(
      "maximum",
      Math.min(Math.ceil(high) - 1, (from.get("maximum") as number | undefined) ?? Infinity),
    );
  }
  return kept;
}

function saysNothing(keyword: string, value: unknown): boolean {
  return ((keyword === "uniqueItems" || keyword === "deprecated") && value !== true) || value === null;
}

const bounds = [
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "format",
] as const;
const ofType: Readonly<Partial<Record<JsonType, readonly string[]>>> = {
  string: ["minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType"],
  number: bounds,
  integer: bounds,
  array: [
    "minItems",
    "maxItems",
    "uniqueItems",
    "contains",
    "minContains",
    "maxContains",
    "unevaluatedItems",
  ],
  object: ["minProperties", "maxProperties", "propertyNames", "patternProperties", "dependentRequired"],
};
const ofAnyType = [
  "not",
  "$dynamicRef",
  "$recursiveRef",
  "default",
  "examples",
  "example",
  "deprecated",
] as const;
