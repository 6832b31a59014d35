import type { Kind } from "./kind.ts";
import type { ItemList, UnkeptList } from "./item-list.ts";

interface Kept {
  readonly list: ItemList;
  holders: number;
}

/**
 * Lists by their content, each once: users who are shown the same hold one copy of it. Whoever keeps a list holds it and
 * lets go of it, so that what is kept has a size at any moment and ends with its last holder.
 */
export class KeptLists {
  readonly #kept = new Map<string, Kept>();
  #size = 0;

  /** What all lists together take, as {@link ItemList.size} counts. */
  get size(): number {
    return this.#size;
  }

  /** The list that is kept with this content, else a new one. */
  one<K extends Kind>(unkept: UnkeptList<K>): ItemList<K> {
    return (this.#kept.get(unkept.hash)?.list as ItemList<K> | undefined) ?? unkept.make();
  }

  hold(list: ItemList): void {
    const kept = this.#kept.get(list.hash);
    if (kept !== undefined) {
      kept.holders++;
      return;
    }
    this.#kept.set(list.hash, { list, holders: 1 });
    this.#size += list.size;
  }

  letGo({ hash }: ItemList): void {
    const kept = this.#kept.get(hash);
    if (kept === undefined || --kept.holders > 0) return;
    this.#kept.delete(hash);
    this.#size -= kept.list.size;
  }
}
