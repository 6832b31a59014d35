import type { Store } from "@tenantry/core";

/** An empty store to be checked. Whoever made it closes it. */
export interface StoreFixture {
  readonly store: Store;
  /** Another store on the same data, as another process has; the store itself where there can be no other. */
  readonly other: Store;
  /** The time by the store's clock, in milliseconds since the Unix epoch. */
  now(): number;
  /** Lets so much time pass by the store's clock. */
  advance(ms: number): Promise<void>;
}

/** One promise of the contract. */
export interface StoreCheck {
  /** What a store does. */
  readonly name: string;
  /** Rejects where the store does not. */
  run(fixture: StoreFixture): Promise<void>;
}

/** Checks by their names, in their order. */
export function checksOf(runs: Readonly<Record<string, StoreCheck["run"]>>): readonly StoreCheck[] {
  return Object.freeze(Object.entries(runs).map(([name, run]) => Object.freeze({ name, run })));
}
