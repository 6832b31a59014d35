import type { Clock, StoreLease } from "@tenantry/core";
import { leaseEnded } from "../failure.ts";
import { toleratedStepMs } from "../leases.ts";

/** For how long an ended lease is remembered, in milliseconds: the clock may be set back. */
const rememberedMs = 86_400_000;
/** Old leases are looked for once in so many. */
const leasesPerSweep = 64;

/** One name's newest lease. */
interface Holding {
  readonly fence: number;
  readonly expiresAt: number;
  readonly ttlMs: number;
}

/** The leases of all names. Their fences count as one, so that a name that was forgotten goes on with a higher one. */
export class MemoryLeases {
  readonly #clock: Clock;
  readonly #holdings = new Map<string, Holding>();
  #fence = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  acquire(name: string, ttlMs: number): StoreLease | undefined {
    const holding = this.#holdings.get(name);
    if (holding && this.#lasts(holding)) return undefined;
    if (++this.#fence % leasesPerSweep === 0) this.#sweep();
    return this.#hold(name, this.#fence, ttlMs);
  }

  renew(lease: StoreLease, ttlMs: number): StoreLease {
    if (!this.isHeld(lease)) throw leaseEnded();
    return this.#hold(lease.name, lease.fence, ttlMs);
  }

  release({ name, fence }: StoreLease): void {
    if (this.#holdings.get(name)?.fence === fence) this.#holdings.delete(name);
  }

  isHeld({ name, fence }: StoreLease): boolean {
    const holding = this.#holdings.get(name);
    return holding !== undefined && holding.fence === fence && this.#lasts(holding);
  }

  #hold(name: string, fence: number, ttlMs: number): StoreLease {
    const expiresAt = this.#clock.now() + ttlMs;
    this.#holdings.set(name, { fence, expiresAt, ttlMs });
    return { name, fence, expiresAt };
  }

  /** A lease that would last far longer than it was given for is one from before the clock was set back: it has ended too. */
  #lasts({ expiresAt, ttlMs }: Holding): boolean {
    const left = expiresAt - this.#clock.now();
    return left > 0 && left <= ttlMs + toleratedStepMs;
  }

  #sweep(): void {
    const before = this.#clock.now() - rememberedMs;
    for (const [name, { expiresAt }] of this.#holdings) {
      if (expiresAt < before) this.#holdings.delete(name);
    }
  }
}
