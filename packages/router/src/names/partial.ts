import type { Kind } from "../catalog/kind.ts";
import { placesOf, type Presented } from "./presented.ts";

/** How many parts of one list are kept; users who may see the same are given the same. */
const maxParts = 256;

/** Parts of lists, each made once for all who may see just that part. */
export class PartialLists {
  readonly #known = new WeakMap<Presented, Map<string, Presented>>();

  /** The list without what is not kept; the list itself where all of it is. */
  of<K extends Kind>(whole: Presented<K>, keeps: readonly boolean[]): Presented<K> {
    if (!keeps.includes(false)) return whole;
    const parts = this.#known.get(whole) ?? new Map<string, Presented>();
    this.#known.set(whole, parts);
    const id = keeps.map(Number).join("");
    let part = parts.get(id);
    if (part === undefined) {
      part = partOf(whole, keeps);
      if (parts.size < maxParts) parts.set(id, part);
    }
    return part as Presented<K>;
  }
}

function partOf({ kind, server, items, own }: Presented, keeps: readonly boolean[]): Presented {
  const kept = items.filter((_, at) => keeps[at]);
  return Object.freeze({
    ...{ kind, server, places: placesOf(kind, kept) },
    items: Object.freeze(kept),
    own: Object.freeze(own.filter((_, at) => keeps[at])),
  });
}
