import type { Bound, InLine } from "./bound.ts";
import type { FairPlace } from "./fair-line.ts";
import type { Held } from "./keyed.ts";
import { LinkedList, type Place } from "./linked-list.ts";

/** What a lane is. */
export interface LaneOptions<T, B extends Bound> {
  readonly key: string;
  /** In whose turn it stands in line. */
  readonly user: string;
  /** Those whose waiting is counted together. */
  readonly party: string;
  /** Every bound that its items count towards, none before one that lies within it. */
  readonly bounds: readonly B[];
  /** The limits of those among them that an item counts towards until it has {@link Lane.passed} them. */
  readonly passing?: readonly string[] | undefined;
  /** Is given each item that has waited and now counts towards every bound. */
  readonly admit: (item: T) => void;
}

/**
 * Those of one user who count towards the same bounds. They go in when all of these have room; until then they wait
 * one behind the other, hold nothing, and the lane stands for them in the line of one bound that keeps them out: the
 * narrowest, so that those who wait for their own stand in nobody else's way.
 */
export class Lane<T, B extends Bound = Bound> implements InLine, Held {
  readonly key: string;
  readonly user: string;
  readonly party: string;
  readonly bounds: readonly B[];
  /** The bounds that its items count towards to the end. */
  readonly lasting: readonly B[];
  holders = 0;
  readonly #passing: readonly B[];
  readonly #admit: (item: T) => void;
  readonly #waiting = new LinkedList<T>();
  #standing: { readonly bound: B; readonly place: FairPlace<InLine> } | undefined;

  constructor({ key, user, party, bounds, passing = [], admit }: LaneOptions<T, B>) {
    this.key = key;
    this.user = user;
    this.party = party;
    this.bounds = bounds;
    this.#passing = passing.length === 0 ? none : bounds.filter(({ limit }) => passing.includes(limit));
    this.lasting =
      this.#passing.length === 0 ? bounds : bounds.filter(({ limit }) => !passing.includes(limit));
    this.#admit = admit;
  }

  /** The bound in whose line it stands. */
  get waitsFor(): B | undefined {
    return this.#standing?.bound;
  }

  /** Goes in where every bound has room and nobody waits for it; tells whether it did. {@link leave} goes out again. */
  enter(): boolean {
    if (this.#obstacle() !== undefined) return false;
    this.#goIn();
    return true;
  }

  /** Goes in again after a {@link leave} whose room nobody was given. */
  reenter(): void {
    for (const bound of this.lasting) bound.inUse++;
  }

  /** Is past the bounds that are passed, once after each time that it went in; lets those in who waited for that. */
  passed(): void {
    for (const bound of this.#passing) bound.inUse--;
    for (const bound of this.#passing) bound.serve();
  }

  /** Goes out, and lets those in who waited for that; `hasPassed` is whether it is past the bounds that are passed. */
  leave(hasPassed = true): void {
    const bounds = hasPassed ? this.lasting : this.bounds;
    for (const bound of bounds) bound.inUse--;
    for (const bound of bounds) bound.serve();
  }

  /** Waits behind those who are here already; for whoever could not {@link enter}. */
  wait(item: T): Place<T> {
    const place = this.#waiting.append(item);
    this.#advance();
    return place;
  }

  /** Gives up waiting. */
  withdraw(place: Place<T>): void {
    this.#waiting.remove(place);
    if (this.#waiting.size > 0 || this.#standing === undefined) return;
    const { bound } = this.#standing;
    this.#stepOut(false);
    this.#serveWithin(bound);
  }

  retry(): void {
    const from = this.#standing?.bound;
    const obstacle = this.#obstacle(from);
    this.#stepOut(obstacle === undefined);
    if (obstacle === undefined) {
      this.#admitFirst();
      return this.#advance();
    }
    this.#lineUp(obstacle);
    if (from !== undefined) this.#serveWithin(from);
  }

  /** Lets in those whom nothing keeps out, and stands in line for the others. */
  #advance(): void {
    while (this.#waiting.size > 0 && this.#standing === undefined) {
      const obstacle = this.#obstacle();
      if (obstacle !== undefined) return this.#lineUp(obstacle);
      this.#admitFirst();
    }
  }

  #admitFirst(): void {
    const item = this.#waiting.shift() as T;
    this.#goIn();
    this.#admit(item);
  }

  #goIn(): void {
    for (const bound of this.bounds) bound.inUse++;
  }

  /**
   * The narrowest bound that keeps the lane out: a full one, or one that others wait for already, or their line would
   * starve. The lines within the bound where it has stood are behind it.
   */
  #obstacle(from?: B): B | undefined {
    for (const bound of this.bounds) {
      if (bound === from) continue;
      if (bound.isFull) return bound;
      if (bound.hasLine && (from === undefined || !bound.isWithin(from))) return bound;
    }
    return undefined;
  }

  #lineUp(bound: B): void {
    this.#standing = { bound, place: bound.lineUp(this, this.user) };
    for (const inner of this.bounds) if (inner.isWithin(bound)) inner.ahead++;
  }

  #stepOut(served: boolean): void {
    if (this.#standing === undefined) return;
    const { bound, place } = this.#standing;
    this.#standing = undefined;
    bound.stepOut(place, served);
    for (const inner of this.bounds) if (inner.isWithin(bound)) inner.ahead--;
  }

  /** One fewer is ahead of those who wait for the bounds within this one. */
  #serveWithin(bound: B): void {
    for (const inner of this.bounds) if (inner.isWithin(bound)) inner.serve();
  }
}

const none: readonly never[] = Object.freeze([]);
