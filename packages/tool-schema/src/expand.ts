import { following, timesFollowed, type Fitting, type Place, type Telling } from "./fitting.ts";
import { wording } from "./hint.ts";
import { keywordsOf, type Keywords } from "./keywords.ts";
import { mergeInto } from "./merge.ts";

/** How often a schema that holds itself is written out within itself. */
const maxUnrolled = 2;
/** How many references and parts of `allOf` make up one schema. */
const maxMerged = 128;

/** One schema with what its references and its `allOf` bring to it. */
export interface Expanded {
  readonly keywords: Keywords;
  readonly place: Place;
  /** Whether something is left out that is nested once too often, so that any value has to be taken. */
  readonly isOpen: boolean;
}

/** Follows the references of one schema and merges its `allOf`; tells what cannot be followed or merged. */
export function expand(fitting: Fitting, schema: unknown, place: Place, telling: Telling): Expanded {
  const keywords = keywordsOf(schema);
  const conflict = (keyword: string, value: unknown) => telling.tell(keyword, wording(keyword, value));
  let at = place;
  let isOpen = false;
  for (let left = maxMerged; ; left--) {
    const reference = keywords.get("$ref");
    const parts = keywords.get("allOf");
    if (reference === undefined && parts === undefined) return { keywords, place: at, isOpen };
    const keyword = reference === undefined ? "allOf" : "$ref";
    keywords.delete(keyword);
    if (left === 0) {
      conflict(keyword, reference ?? parts);
      isOpen = true;
    } else if (typeof reference === "string") {
      const referent = fitting.references.find(reference);
      if (referent === undefined) conflict(keyword, reference);
      else if (timesFollowed(at, referent.pointer) >= maxUnrolled) {
        telling.tell(keyword, "nested in the same way again");
        isOpen = true;
      } else {
        at = following(at, referent.pointer);
        mergeInto(keywords, withoutDefinitions(referent.schema), conflict);
      }
    } else {
      const [first, ...rest] = parts as unknown[];
      if (rest.length > 0) keywords.set("allOf", rest);
      mergeInto(keywords, withoutDefinitions(first), conflict);
    }
  }
}

/** What is written out elsewhere leaves its definitions where they are. */
function withoutDefinitions(schema: unknown): Keywords {
  const keywords = keywordsOf(schema);
  keywords.delete("$defs");
  keywords.delete("definitions");
  return keywords;
}
