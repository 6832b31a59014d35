import { FairLine, type FairPlace } from "./fair-line.ts";
import type { Held } from "./keyed.ts";

/** What a bound is. */
export interface BoundOptions {
  /** The limit that it keeps, by its name. */
  readonly limit: string;
  /** Whom it is kept for. */
  readonly key: string;
  /** How many may be in at a time. */
  readonly max: number;
  /** The limits whose bounds are around it: see {@link Bound}. */
  readonly within: readonly string[];
}

/** Whoever stands in line. */
export interface InLine {
  /** There is room: whoever it is leaves the line, and goes in or to the line of another bound. */
  retry(): void;
}

/**
 * At most `max` at a time, and those who wait for that, users in turns.
 *
 * One bound lies within another where whoever counts towards it counts towards the other too, as all of a user's
 * connections count towards the one workspace. Others cross, as a user's and a server's do.
 */
export class Bound implements Held {
  readonly key: string;
  readonly limit: string;
  readonly max: number;
  readonly #within: readonly string[];
  holders = 0;
  inUse = 0;
  /** How many of those beneath this bound stand in the line of one around it, where they will find room here. */
  ahead = 0;
  #line: FairLine<InLine> | undefined;

  constructor({ limit, key, max, within }: BoundOptions) {
    this.key = boundKey(limit, key);
    this.limit = limit;
    this.max = max;
    this.#within = within;
  }

  /** Whether it lies within another one. */
  isWithin({ limit }: Bound): boolean {
    return this.#within.includes(limit);
  }

  /** How many more may go in. */
  get room(): number {
    return this.max - this.inUse;
  }

  get isFull(): boolean {
    return this.room <= 0;
  }

  get hasLine(): boolean {
    return this.#line !== undefined;
  }

  /** How many users wait here. */
  get usersInLine(): number {
    return this.#line?.users ?? 0;
  }

  lineUp(one: InLine, user: string): FairPlace<InLine> {
    this.#line ??= new FairLine();
    return this.#line.add(one, user);
  }

  /** Takes one out of line; `served` tells that it was its user's turn and that the turn is used up. */
  stepOut(place: FairPlace<InLine>, served: boolean): void {
    if (served) this.#line?.take();
    else this.#line?.remove(place);
    // Most bounds have no line most of the time.
    if (this.#line?.users === 0) this.#line = undefined;
  }

  /**
   * Lets those in line try, while there is more room than those ahead will take. The ones ahead wait for a bound that
   * is around everybody here, so that nobody here could go in before them; were all of them let go ahead whenever there
   * is room for one, all might have to come back, and a place that comes free would cost as much as users wait.
   */
  serve(): void {
    while (this.#line !== undefined && this.ahead < this.room) this.#line.next?.retry();
  }
}

/** Names a bound among those of all limits. */
export function boundKey(limit: string, key: string): string {
  return `${limit} ${key}`;
}
