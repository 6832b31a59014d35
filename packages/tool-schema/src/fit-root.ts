import { expand } from "./expand.ts";
import { rootPlace, Telling, type Fitting, type Place } from "./fitting.ts";
import { wording } from "./hint.ts";
import { isObject } from "./json.ts";
import { typesOf, type Keywords } from "./keywords.ts";
import { loosen } from "./loosen.ts";

/** A root as every provider wants it: an object, with no alternatives and no listed values. */
export interface Root {
  readonly keywords: Keywords;
  readonly telling: Telling;
  readonly place: Place;
}

/** No provider takes these at the root of a tool's schema. */
const notAtRoot = ["not", "enum", "const"] as const;

/** Makes the root an object without alternatives, and tells what that leaves out. */
export function fitRoot(fitting: Fitting, schema: unknown): Root {
  const telling = new Telling(fitting, rootPlace());
  const { keywords, place } = expand(fitting, schema, rootPlace(), telling);
  const types = typesOf(keywords);
  for (const word of notAtRoot) {
    if (keywords.has(word)) telling.tell(word, wording(word, keywords.get(word)));
    keywords.delete(word);
  }
  const after = loosen(fitting, keywords, place, telling, ["anyOf", "oneOf"]);
  if (types !== undefined && !types.has("object"))
    telling.tell("type", wording("type", keywords.get("type") ?? [...types]));
  keywords.set("type", "object");
  return { keywords, telling, place: after };
}

/** Whether a root is already as {@link fitRoot} would make it. */
export function isPlainRoot(schema: unknown): boolean {
  if (!isObject(schema) || schema["type"] !== "object") return false;
  return !["$ref", "allOf", "anyOf", "oneOf", ...notAtRoot].some((word) => Object.hasOwn(schema, word));
}
