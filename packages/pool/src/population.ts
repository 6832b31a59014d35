import type { Clock } from "@tenantry/core";

/**
 * Whatever is not over yet: members until they end, and then until nothing is left of them; and what is left of stopped
 * openings. Nothing is waited for longer than 30 s: what takes no notice must not keep a pool from closing.
 */
export class Population<T> implements Iterable<T> {
  readonly #clock: Clock;
  readonly #members = new Set<T>();
  readonly #endings = new Map<T, Promise<void>>();
  readonly #rests = new Set<Promise<void>>();
  readonly #waits = new Set<Wait<T>>();
  #isClosing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#members.values();
  }

  /** Those that have ended, and of which something is left. */
  get ending(): Iterable<T> {
    return this.#endings.keys();
  }

  add(member: T): void {
    this.#members.add(member);
  }

  /** The member has ended, and `ending` settles when nothing is left of it. */
  ended(member: T, ending: Promise<void>): void {
    this.#members.delete(member);
    const done = () => void this.#endings.delete(member);
    this.#endings.set(member, ending);
    // What goes wrong while everything ends is for whoever waits for that.
    ending.then(done, () => this.#isClosing || done());
    for (const wait of this.#waits) if (wait.left.delete(member) && wait.left.size === 0) wait.resolve();
  }

  /** An opening was stopped, and `rest` settles when nothing is left of it. It never rejects. */
  stopped(rest: Promise<void>): void {
    this.#rests.add(rest);
    void rest.then(() => this.#rests.delete(rest));
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
   * Waits for every ending, for the rests of stopped openings and for these others; rejects with what went wrong, once
   * all have settled.
   */
  async settled(others: readonly Promise<void>[]): Promise<void> {
    const failures = await this.within([...others, ...this.#endings.values(), ...this.#rests]);
    this.#endings.clear();
    this.#rests.clear();
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, "Several connections could not be closed.");
  }

  /** Waits for all of these, and gives the reasons of those that have rejected by then. */
  async within(all: readonly Promise<void>[]): Promise<readonly unknown[]> {
    if (all.length === 0) return [];
    const failures: unknown[] = [];
    const { promise: late, resolve } = Promise.withResolvers<void>();
    // Somebody waits for these, and what they wait for may keep nothing alive itself.
    const timer = this.#clock.after(restTimeoutMs, resolve, { keepAlive: true });
    const each = all.map((one) => one.catch((failure: unknown) => void failures.push(failure)));
    await Promise.race([Promise.all(each), late]);
    timer.cancel();
    return failures;
  }
}

/** Somebody who waits for members to end. */
interface Wait<T> {
  readonly left: Set<T>;
  readonly resolve: () => void;
}

/** How long what has ended is waited for, and counts; connectors of ours need a few seconds. */
export const restTimeoutMs = 30_000;
