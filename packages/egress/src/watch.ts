import { systemClock, type Timer } from "@tenantry/core";
import type { EgressLimits } from "./limits.ts";

/** The limits on time, each of which may be `Infinity`. */
export type TimeLimit = "firstByteTimeoutMs" | "idleTimeoutMs" | "totalTimeoutMs";

/** Watches the time that one request takes; makes no timer for a limit that is `Infinity`. */
export class Watch {
  readonly #limits: Pick<EgressLimits, TimeLimit>;
  readonly #late: (limit: TimeLimit) => void;
  readonly #total: Timer | undefined;
  #step: Timer | undefined;
  /** When the last byte came; `Infinity` while nobody waits for one. */
  #lastAt = 0;

  /** `until` is when the whole exchange must be over; `late` is called for the first limit that is not kept. */
  constructor(limits: Pick<EgressLimits, TimeLimit>, until: number, late: (limit: TimeLimit) => void) {
    this.#limits = limits;
    this.#late = late;
    this.#total = after(until - systemClock.now(), () => late("totalTimeoutMs"));
  }

  /** Begins to wait for the headers. */
  sent(): void {
    this.#step = after(this.#limits.firstByteTimeoutMs, () => this.#late("firstByteTimeoutMs"));
  }

  /** The headers are there: begins to wait for the body, if that is limited. */
  answered(): void {
    this.#step?.cancel();
    this.received();
    this.#awaitByte(this.#limits.idleTimeoutMs);
  }

  /** A byte has come, or is waited for again. */
  received(): void {
    this.#lastAt = systemClock.now();
  }

  /** It is the reader who is waited for now, not the server. */
  paused(): void {
    this.#lastAt = Infinity;
  }

  end(): void {
    this.#total?.cancel();
    this.#step?.cancel();
  }

  /** One timer for many bytes: when it fires, it looks when the last one came. */
  #awaitByte(delayMs: number): void {
    this.#step = after(delayMs, () => {
      const { idleTimeoutMs } = this.#limits;
      const leftMs = this.#lastAt + idleTimeoutMs - systemClock.now();
      if (leftMs <= 0) this.#late("idleTimeoutMs");
      else this.#awaitByte(Math.min(leftMs, idleTimeoutMs));
    });
  }
}

/** A watch, or nothing at all where nothing is limited. */
export function watchOf(
  limits: Pick<EgressLimits, TimeLimit>,
  until: number,
  late: (limit: TimeLimit) => void,
): Watch | undefined {
  const isFree =
    until === Infinity && limits.firstByteTimeoutMs === Infinity && limits.idleTimeoutMs === Infinity;
  return isFree ? undefined : new Watch(limits, until, late);
}

function after(delayMs: number, task: () => void): Timer | undefined {
  return delayMs === Infinity ? undefined : systemClock.after(Math.max(0, delayMs), task);
}
