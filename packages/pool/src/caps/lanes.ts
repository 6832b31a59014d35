import { boundKey, type Bound, type BoundOptions } from "./bound.ts";
import { Keyed } from "./keyed.ts";
import { Lane, type LaneOptions } from "./lane.ts";

/** How lanes and their bounds are made. */
export interface LanesOptions<T, B extends Bound> {
  readonly admit: (item: T) => void;
  readonly makeBound: (options: BoundOptions) => B;
}

/** What one lane is made of. */
export interface LaneParts extends Pick<LaneOptions<never, never>, "key" | "user" | "party" | "passing"> {
  /** Its bounds, none before one that lies within it. */
  readonly bounds: readonly BoundOptions[];
}

/** Lanes and bounds by key, each for as long as somebody holds it. */
export class Lanes<T, B extends Bound> {
  readonly #options: LanesOptions<T, B>;
  readonly #lanes = new Keyed<Lane<T, B>>();
  readonly #bounds = new Keyed<B>();

  constructor(options: LanesOptions<T, B>) {
    this.#options = options;
  }

  /** How many lanes and bounds are kept. */
  get size(): number {
    return this.#lanes.size + this.#bounds.size;
  }

  /** Holds the lane of this key, with its bounds. */
  hold(parts: LaneParts): Lane<T, B> {
    const { admit, makeBound } = this.#options;
    return this.#lanes.hold(parts.key, () => {
      const bounds = parts.bounds.map((options) =>
        this.#bounds.hold(boundKey(options.limit, options.key), () => makeBound(options)),
      );
      return new Lane({ ...parts, bounds, admit });
    });
  }

  /** Takes back one {@link hold}, when nothing of it is in or waits any more. */
  drop(lane: Lane<T, B>): void {
    if (!this.#lanes.drop(lane)) return;
    for (const bound of lane.bounds) this.#bounds.drop(bound);
  }
}
