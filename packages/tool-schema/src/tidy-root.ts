import { fitRoot, isPlainRoot } from "./fit-root.ts";
import { rootPlace, Telling, type Fitting } from "./fitting.ts";
import { wording } from "./hint.ts";
import { isSame } from "./json.ts";
import { keywordsOf, type Keywords } from "./keywords.ts";
import { describedAs, silent, Tidier } from "./tidy.ts";

/** What comes of a root: the schema, and what is to be said beside it. */
export interface RootOutput {
  readonly output: Readonly<Record<string, unknown>>;
  /** What described the root, where it may not have it. */
  readonly description?: unknown;
  readonly phrases: readonly string[];
}

/**
 * Makes one schema what a provider of whole JSON Schema takes: of draft 2020-12, with local references and a plain root.
 * `undefined` where references by place would lead elsewhere in it; with `writesOut` they are written out instead.
 */
export function tidyRoot(
  fitting: Fitting,
  input: Readonly<Record<string, unknown>>,
  { writesOut }: { readonly writesOut: boolean },
): RootOutput | undefined {
  const tidier = new Tidier(fitting, writesOut || !isPlainRoot(input));
  const { keywords, telling, place } = isPlainRoot(input)
    ? { keywords: keywordsOf(input), telling: new Telling(fitting, rootPlace()), place: rootPlace() }
    : fitRoot(fitting, input);
  const description = limitRoot(fitting, keywords, telling);
  const output = describedAs(fitting, tidier.tidyKeywords(keywords, place, telling), keywords, []);
  if (tidier.keepsPlaces && !isSame(output, input)) return undefined;
  return { output, description, phrases: telling.phrases };
}

/** Leaves the root what it may have, and gives back what described it. */
function limitRoot({ dialect }: Fitting, keywords: Keywords, telling: Telling): unknown {
  if (dialect.rootKeywords === undefined) return undefined;
  const description = keywords.get("description");
  for (const [keyword, value] of keywords) {
    if (dialect.rootKeywords.has(keyword)) continue;
    keywords.delete(keyword);
    if (keyword !== "description" && !silent.has(keyword) && value !== true)
      telling.tell(keyword, wording(keyword, value));
  }
  return description;
}
