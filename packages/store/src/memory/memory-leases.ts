import type { Clock, StoreLease } from "@tenantry/core";
import { leaseEnded } from "../failure.ts";

/** One name's newest lease. */
interface Holding {
  readonly fence: number;
  readonly expiresAt: number;
  readonly ttlMs: number;
}

/** The leases that are held. One that has ended is forgotten: the fences of all names count as one. */
export class MemoryLeases {
  readonly #clock: Clock;
  readonly #held = new Map<string, Holding>();
  #fence = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  acquire(name: string, ttlMs: number): StoreLease | undefined {
    for (const [other, holding] of this.#held) if (!this.#lasts(holding)) this.#held.delete(other);
    if (this.#held.has(name)) return undefined;
    return this.#hold(name, ++this.#fence, ttlMs);
  }

  renew(lease: StoreLease, ttlMs: number): StoreLease {
    if (!this.isHeld(lease)) throw leaseEnded();
    return this.#hold(lease.name, lease.fence, ttlMs);
  }

  release(lease: StoreLease): void {
    if (this.isHeld(lease)) this.#held.delete(lease.name);
  }

  isHeld({ name, fence }: StoreLease): boolean {
    const holding = this.#held.get(name);
    return holding !== undefined && holding.fence === fence && this.#lasts(holding);
  }

  #hold(name: string, fence: number, ttlMs: number): StoreLease {
    const expiresAt = this.#clock.now() + ttlMs;
    this.#held.set(name, { fence, expiresAt, ttlMs });
    return { name, fence, expiresAt };
  }

  /** A lease that would last longer than it was given for is one from before the clock was set back: it has ended too. */
  #lasts({ expiresAt, ttlMs }: Holding): boolean {
    const left = expiresAt - this.#clock.now();
    return left > 0 && left <= ttlMs;
  }
}
