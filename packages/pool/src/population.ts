import type { Clock } from "@tenantry/core";
import { StaleList, type Stale } from "./caps/stale-list.ts";
import { restTimeoutMs } from "./limits.ts";

/** What is left of a member that has ended, or of a stopped opening, which was none yet. */
interface Rest<T> extends Stale {
  readonly member: T | undefined;
  /** Settles when nothing is left. */
  readonly ending: Promise<void>;
}

/**
 * Whatever is not over yet: members until they end, and then until nothing is left of them; and what is left of stopped
 * openings. Nothing that has ended is kept or waited for longer than 30 s: what takes no notice must neither be remembered
 * for ever nor keep a pool from closing.
 */
export class Population<T> implements Iterable<T> {
  readonly #clock: Clock;
  readonly #members = new Set<T>();
  readonly #rests = new Set<Rest<T>>();
  /** The rests in the order in which they are given up. */
  readonly #times: StaleList<Rest<T>>;
  readonly #waits = new Set<Wait<T>>();
  /** What has gone wrong since {@link close}. */
  readonly #failures: unknown[] = [];
  #isClosing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    const expire = (rest: Rest<T>) => void this.#rests.delete(rest);
    this.#times = new StaleList({ clock, timeoutMs: restTimeoutMs, expire });
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#members.values();
  }

  /** Those that have ended, and of which something is left. */
  get ending(): readonly T[] {
    return [...this.#rests].flatMap(({ member }) => (member === undefined ? [] : [member]));
  }

  add(member: T): void {
    this.#members.add(member);
  }

  /** The member has ended, and `ending` settles when nothing is left of it. */
  ended(member: T, ending: Promise<void>): void {
    this.#members.delete(member);
    this.#leave(member, ending);
    for (const wait of this.#waits) if (wait.left.delete(member) && wait.left.size === 0) wait.resolve();
  }

  /** An opening was stopped, and `rest` settles when nothing is left of it. */
  stopped(rest: Promise<void>): void {
    this.#leave(undefined, rest);
  }

  /** Waits until these members have ended, but no longer than `timeoutMs` where that is given. */
  async drained(members: Iterable<T>, timeoutMs?: number): Promise<void> {
    const left = new Set([...members].filter((member) => this.#members.has(member)));
    if (left.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wait = { left, resolve };
    const timer =
      timeoutMs === undefined ? undefined : this.#clock.after(timeoutMs, resolve, { keepAlive: true });
    this.#waits.add(wait);
    await promise;
    this.#waits.delete(wait);
    timer?.cancel();
  }

  /** From now on what goes wrong is kept for {@link settled}. */
  close(): void {
    this.#isClosing = true;
  }

  /**
   * Waits for every ending, for the rests of stopped openings and for these others, which do not reject; rejects with what
   * has gone wrong since {@link close}, once all have settled or are given up.
   */
  async settled(others: readonly Promise<void>[]): Promise<void> {
    await this.within([...others, ...[...this.#rests].map(({ ending }) => ending)]);
    this.#rests.clear();
    while (this.#times.shift());
    const failures = [...this.#failures];
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, "Several connections could not be closed.");
  }

  /** Waits until all of these have settled, but no longer than 30 s. */
  async within(all: readonly Promise<void>[]): Promise<void> {
    if (all.length === 0) return;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    // Somebody waits for these, and what they wait for may keep nothing alive itself.
    const timer = this.#clock.after(restTimeoutMs, resolve, { keepAlive: true });
    await Promise.race([Promise.allSettled(all), late]);
    timer.cancel();
  }

  /** What is given up may still go wrong in time to be told. */
  #leave(member: T | undefined, ending: Promise<void>): void {
    const rest = { member, ending, dueAt: 0 };
    const place = this.#times.append(rest);
    this.#rests.add(rest);
    const gone = () => {
      this.#times.remove(place);
      this.#rests.delete(rest);
    };
    ending.then(gone, (failure: unknown) => {
      // Before that nobody waits for it.
      if (this.#isClosing) this.#failures.push(failure);
      gone();
    });
  }
}

/** Somebody who waits for members to end. */
interface Wait<T> {
  readonly left: Set<T>;
  readonly resolve: () => void;
}
