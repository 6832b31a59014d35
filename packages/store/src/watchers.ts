import { tell, type StoreChange } from "@tenantry/core";
import { keyOf, type KeyTexts } from "./key.ts";
import type { SliceShape } from "./slice-shape.ts";

/** One row that was written or deleted. */
export interface ChangedRow {
  readonly shape: SliceShape;
  readonly key: KeyTexts;
}

/** Those who are told of changes. */
export class Watchers {
  readonly #listeners = new Map<symbol, (change: StoreChange) => void>();

  /** How many there are. */
  get size(): number {
    return this.#listeners.size;
  }

  /** Adds a listener until the result is disposed of. */
  add(listener: (change: StoreChange) => void): Disposable {
    const id = Symbol("watcher");
    this.#listeners.set(id, listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(id) };
  }

  /** Tells everybody of these rows, or, where nobody knows which, that some may have changed. */
  tell(changes: readonly ChangedRow[] | "resync"): void {
    if (changes === "resync") return this.#tell({ kind: "resync" });
    for (const { shape, key } of changes) this.#tell(changeOf(shape, key));
  }

  clear(): void {
    this.#listeners.clear();
  }

  /** A listener that fails fails alone: the write that it is told of has been done, and others wait to hear of it. */
  #tell(change: StoreChange): void {
    for (const listener of [...this.#listeners.values()]) tell(listener, change);
  }
}

/** Frozen, because every listener is given the same one. */
function changeOf(shape: SliceShape, key: KeyTexts): StoreChange {
  return Object.freeze({
    kind: "changed",
    slice: shape.name,
    key: Object.freeze(keyOf(shape, key)),
  }) as unknown as StoreChange;
}
