import { SharedFlight, withDeadline, type Clock } from "@tenantry/core";
import { closed, waitedTooLong } from "./failure.ts";
import type { Grant } from "./grant.ts";
import type { GrantMemory } from "./grant-memory.ts";
import { patienceMs, type GrantLimits } from "./limits.ts";
import type { Refresher, RefreshRequest } from "./refresher.ts";

/** What the refreshes of a process take. */
export interface RefreshFlightsParts {
  readonly refresher: Refresher;
  readonly memory: GrantMemory;
  readonly clock: Clock;
  readonly limits: Readonly<GrantLimits>;
  /** Aborted when nothing is refreshed any more. */
  readonly signal: AbortSignal;
}

/** A refresh that is under way in this process. */
export interface RefreshFlight {
  readonly shared: SharedFlight<Grant | undefined>;
  /** Whether it was begun ahead of the end, beside calls that do not wait for it. */
  readonly ahead: boolean;
}

/** The refreshes that are under way in this process, one for each grant, by its spelled key. */
export class RefreshFlights {
  readonly #parts: RefreshFlightsParts;
  readonly #flights = new Map<string, RefreshFlight>();
  /** Those of which somebody has changed the grant meanwhile: nobody who asks now is to wait for them. */
  readonly #outdated = new Set<RefreshFlight>();

  constructor(parts: RefreshFlightsParts) {
    this.#parts = parts;
  }

  /** Whether one is under way, although perhaps nobody waits for it any more. */
  has(id: string): boolean {
    return this.#flights.has(id);
  }

  /** The one that may be waited for. */
  joinable(id: string): RefreshFlight | undefined {
    const flight = this.#flights.get(id);
    return flight?.shared.abandoned ? undefined : flight;
  }

  /** Begins one; throws `CLOSED` when nothing is refreshed any more. */
  depart(id: string, request: RefreshRequest): RefreshFlight {
    const { memory, signal: ending } = this.#parts;
    if (ending.aborted) throw closed();
    const work = async (signal: AbortSignal) => {
      try {
        return await this.#refreshInTime(request, AbortSignal.any([signal, ending]));
      } finally {
        // The store may tell of it later, or of another process's writing not at all.
        memory.forget(id);
        if (this.#flights.get(id) === flight) this.#flights.delete(id);
        this.#outdated.delete(flight);
      }
    };
    const flight: RefreshFlight = { shared: new SharedFlight(work), ahead: !request.patient };
    this.#flights.set(id, flight);
    return flight;
  }

  /** Lets nobody else wait for one, because somebody has changed its grant. */
  outdate(id: string): void {
    const flight = this.#flights.get(id);
    if (flight === undefined) return;
    this.#flights.delete(id);
    this.#outdated.add(flight);
  }

  /** Resolves when all have ended. */
  async settle(): Promise<void> {
    const flights = [...this.#flights.values(), ...this.#outdated];
    await Promise.allSettled(flights.map(({ shared }) => shared.join()));
  }

  /** Ends the wait of everybody where the store, or whatever else, does not answer at all; what has been sent goes on. */
  #refreshInTime(request: RefreshRequest, ends: AbortSignal): Promise<Grant | undefined> {
    const { refresher, clock, limits } = this.#parts;
    const expired = () => waitedTooLong(request.key);
    const timeoutMs = 2 * patienceMs(limits);
    return withDeadline({ clock, timeoutMs, expired, keepAlive: true }, (late) =>
      refresher.refresh(request, AbortSignal.any([ends, late])),
    );
  }
}
