import type { Store, StoreChange } from "@tenantry/core";

/** Whoever hears what a store tells. */
export interface Hearer {
  hear(change: StoreChange): void;
}

/** Watches for as long as there is somebody to tell: a provider that nobody uses any more is not kept for it. */
export function watchWeakly(store: Pick<Store, "watch">, hearer: Hearer): Disposable {
  const reference = new WeakRef(hearer);
  const watching = store.watch((change) => {
    const listener = reference.deref();
    if (listener === undefined) watching[Symbol.dispose]();
    else listener.hear(change);
  });
  return watching;
}
