import { scopeParts, type Context, type Target } from "@tenantry/core";
import { contextOf, type TargetOf } from "./target.ts";

/** What one acquire is given. */
export interface Wish {
  readonly target: Target;
  readonly options: { readonly context: Context };
}

/** Users in random order, drawn beforehand. */
export class DrawnUsers {
  readonly all: readonly Wish[];
  readonly #order: Uint32Array;
  #turn = 0;

  constructor(count: number, targetOf: TargetOf) {
    this.all = Array.from({ length: count }, (_, at) => ({
      target: targetOf(`user-${at}`),
      options: { context: contextOf(`token-of-user-${at}`) },
    }));
    this.#order = Uint32Array.from({ length: 1_000_000 }, () => Math.floor(Math.random() * count));
  }

  /** Whose turn it is. */
  next(): Wish {
    return this.#at(this.#turn++);
  }

  /**
   * Reads what the next so many acquires are given: a router has just made it, so that the processor's caches hold it.
   * Gives a number, or the reading might be left out as useless.
   */
  prepare(times: number): number {
    let read = 0;
    for (let time = 0; time < times; time++) {
      const { target, options } = this.#at(this.#turn + time);
      for (const text of [...scopeParts(target.scope), String(options.context["token"])])
        read += text.charCodeAt(text.length - 1);
    }
    return read;
  }

  #at(turn: number): Wish {
    return this.all[this.#order[turn % this.#order.length] ?? 0] as Wish;
  }
}
