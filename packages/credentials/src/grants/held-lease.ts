import type { Clock, Leases, StoreLease } from "@tenantry/core";
import type { GrantLimits } from "./limits.ts";

/** What a lease is held with. */
interface HeldLeaseParts {
  readonly leases: Leases;
  readonly clock: Clock;
  readonly limits: Readonly<GrantLimits>;
}

/** A lease that this process has, and by its own count for how long; the store may have given it later, and never earlier. */
export class HeldLease {
  readonly #parts: HeldLeaseParts;
  #lease: StoreLease;
  #since: number;

  private constructor(parts: HeldLeaseParts, lease: StoreLease, since: number) {
    this.#parts = parts;
    this.#lease = lease;
    this.#since = since;
  }

  /** Takes the lease; `undefined` while somebody else has it. */
  static async acquire(parts: HeldLeaseParts, name: string): Promise<HeldLease | undefined> {
    const since = parts.clock.now();
    const lease = await parts.leases.acquire(name, { ttlMs: parts.limits.refreshLeaseMs });
    return lease && new HeldLease(parts, lease, since);
  }

  get lease(): StoreLease {
    return this.#lease;
  }

  /** Whether it lasts for so many milliseconds more; a clock that was put back says no. */
  lastsFor(ms: number): boolean {
    return this.#heldMs() >= 0 && this.#heldMs() + ms <= this.#parts.limits.refreshLeaseMs;
  }

  /** Makes it last for as long as at first, unless it was taken or renewed a moment ago; rejects as the store does. */
  async keep(): Promise<void> {
    const { leases, clock, limits } = this.#parts;
    const { refreshLeaseMs: ttlMs, refreshTimeoutMs } = limits;
    // What a lease has beyond a request is for what comes before it and for what comes after it.
    if (this.lastsFor((ttlMs + refreshTimeoutMs) / 2)) return;
    const since = clock.now();
    this.#lease = await leases.renew(this.#lease, { ttlMs });
    this.#since = since;
  }

  /** Gives it back; one that cannot be given back ends by itself. */
  async release(): Promise<void> {
    await this.#parts.leases.release(this.#lease).catch(() => {});
  }

  #heldMs(): number {
    return this.#parts.clock.now() - this.#since;
  }
}
