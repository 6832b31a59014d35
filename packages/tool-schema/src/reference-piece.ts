import { expand } from "./expand.ts";
import { take, Telling, type Fitting, type Place } from "./fitting.ts";
import { isObject } from "./json.ts";
import { typesOf } from "./keywords.ts";
import { type Piece } from "./piece.ts";
import { definitionName, type Referent } from "./references.ts";
import { fitDefinitionName } from "./names.ts";

/** A reference that may stay one; `undefined` where it has to be written out. */
export function keepReference(fitting: Fitting, schema: unknown, place: Place): Piece | undefined {
  const { dialect, references } = fitting;
  if (dialect.references === "none" || !isObject(schema)) return undefined;
  const reference = schema["$ref"];
  // Whatever stands beside it could not stay.
  if (typeof reference !== "string" || Object.keys(schema).length > 1) return undefined;
  const referent = references.find(reference);
  if (referent === undefined) return undefined;
  if (dialect.references === "acyclic" && references.isRecursive(referent)) return undefined;
  if (referent.pointer === "") return { schema: { $ref: "#" }, takesNull: false, isAny: false };
  const takesNull = describe(fitting, referent, place);
  if (takesNull === undefined) return undefined;
  const name = nameOf(fitting, referent);
  if (!fitting.definitions.has(name) && !take(fitting, "text", name.length)) return undefined;
  fitting.definitions.set(name, referent);
  return { schema: { $ref: `#/$defs/${name}` }, takesNull, isAny: false };
}

/** Whether what is referred to takes `null`; `undefined` where it takes any value, which no definition can say. */
function describe(fitting: Fitting, { schema }: Referent, place: Place): boolean | undefined {
  const silent = new Telling({ ...fitting, hints: [] }, place);
  const { keywords, isOpen } = expand(fitting, schema, place, silent);
  if (isOpen) return undefined;
  const types = typesOf(keywords);
  const union = (keywords.get("anyOf") ?? keywords.get("oneOf")) as unknown[] | undefined;
  if (union === undefined) return types?.has("null");
  return union.some((one) => isObject(one) && one["type"] === "null");
}

function nameOf({ definitions }: Fitting, { pointer }: Referent): string {
  const name = definitionName(pointer);
  const other = definitions.get(name);
  return other === undefined || other.pointer === pointer ? name : fitDefinitionName(pointer);
}
