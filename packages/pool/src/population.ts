import type { Clock } from "@tenantry/core";

/** Whatever is not over yet: members until they end, their endings, and what is left of stopped openings. */
export class Population<T> implements Iterable<T> {
  readonly #clock: Clock;
  readonly #members = new Set<T>();
  readonly #endings = new Set<Promise<void>>();
  readonly #rests = new Set<Promise<void>>();
  readonly #waits = new Set<Wait<T>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#members.values();
  }

  add(member: T): void {
    this.#members.add(member);
  }

  /** The member has ended, and `ending` settles when nothing is left of it. */
  ended(member: T, ending: Promise<void>): void {
    this.#members.delete(member);
    this.#until(this.#endings, ending);
    for (const wait of this.#waits) if (wait.left.delete(member) && wait.left.size === 0) wait.resolve();
  }

  /**
   * An opening was stopped, and `rest` settles when nothing is left of it. It never rejects, and is waited for only so
   * long: a connector that takes no notice must not keep a pool from closing.
   */
  stopped(rest: Promise<void>): void {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(restTimeoutMs, resolve);
    void rest.then(() => timer.cancel());
    this.#until(this.#rests, Promise.race([rest, late]));
  }

  /** Waits until these members have ended, but no longer than `timeoutMs`. */
  async drained(members: Iterable<T>, timeoutMs: number): Promise<void> {
    const left = new Set([...members].filter((member) => this.#members.has(member)));
    if (left.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wait = { left, resolve };
    const timer = this.#clock.after(timeoutMs, resolve, { keepAlive: true });
    this.#waits.add(wait);
    await promise;
    this.#waits.delete(wait);
    timer.cancel();
  }

  /** Waits for every ending and for the rests of stopped openings; rejects with what went wrong, once all have settled. */
  async settled(): Promise<void> {
    // Somebody waits for these, and what they wait for may keep nothing alive itself.
    const hold = this.#clock.after(restTimeoutMs, () => {}, { keepAlive: true });
    const all = await Promise.allSettled([...this.#endings, ...this.#rests]);
    hold.cancel();
    const failures = all.filter(({ status }) => status === "rejected");
    const reasons = failures.map((failure): unknown => (failure as PromiseRejectedResult).reason);
    if (reasons.length === 1) throw reasons[0];
    if (reasons.length > 1) throw new AggregateError(reasons, "Several connections could not be closed.");
  }

  /** Keeps a promise for as long as it is pending. A failure concerns nobody unless somebody waits for it. */
  #until(pending: Set<Promise<void>>, promise: Promise<void>): void {
    const done = () => void pending.delete(promise);
    pending.add(promise);
    promise.then(done, done);
  }
}

/** Somebody who waits for members to end. */
interface Wait<T> {
  readonly left: Set<T>;
  readonly resolve: () => void;
}

/** How long what is left of a stopped opening is waited for; connectors of ours need a few seconds. */
const restTimeoutMs = 30_000;
