import type { Poolable } from "@tenantry/core";
import { LinkedList } from "../caps/linked-list.ts";
import type { EntryHost } from "../entry-host.ts";
import { Opening } from "../opening.ts";
import type { Parked } from "./parked.ts";

/** So many at a time, beside the connections of users. */
const maxAtOnce = 32;
const settleTimeoutMs = 30_000;

/** Ends parked sessions at their servers, in the name of whom they belonged to, a few at a time. */
export class Farewells<C extends Poolable<P>, P> {
  readonly #host: EntryHost<C, P>;
  readonly #waiting = new LinkedList<Parked<P>>();
  #underWay = 0;
  #isOver = false;
  #done: (() => void) | undefined;

  constructor(host: EntryHost<C, P>) {
    this.#host = host;
  }

  say(parked: Parked<P>): void {
    this.#waiting.append(parked);
    if (this.#underWay < maxAtOnce) void this.#work();
  }

  /** Waits until all are ended, but no longer than 30 s: those that still wait then are given up. */
  async settled(): Promise<void> {
    if (this.#underWay === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#done = resolve;
    const timer = this.#host.clock.after(settleTimeoutMs, resolve, { keepAlive: true });
    await promise;
    timer.cancel();
    this.#isOver = true;
  }

  async #work(): Promise<void> {
    this.#underWay++;
    for (
      let next = this.#waiting.shift();
      next !== undefined && !this.#isOver;
      next = this.#waiting.shift()
    ) {
      // A server that cannot be told ends the session in its own time.
      await this.#end(next).catch(() => {});
    }
    if (--this.#underWay === 0) this.#done?.();
  }

  /** A connection that goes on with the session ends it as it closes. */
  async #end({ target, credential, session }: Parked<P>): Promise<void> {
    const { connector, clock, limits } = this.#host;
    const opening = new Opening<C, P>({
      connector,
      clock,
      timeoutMs: limits.connectTimeoutMs,
      target,
      credential,
      resume: session,
      onStopped: (rest) => this.#host.stopped(rest),
    });
    const opened = await opening.start();
    await opened.close();
  }
}
