import { RecentMap, SharedFlight, type Clock, type CredentialRequest, type Secret } from "@tenantry/core";

/** How many values one source keeps at most; the least recently used is read again. */
const maxValues = 10_000;

interface Kept<A> {
  readonly about: A;
  readonly value: Secret;
  readonly from: number;
  readonly until: number;
  /** The generation that had been refused when it was read. */
  readonly replaces: string | undefined;
}

interface Flight<A> {
  readonly about: A;
  readonly shared: SharedFlight<Secret | undefined>;
  readonly rejects: boolean;
  readonly replaces: string | undefined;
}

/** Values that are read once for all who ask meanwhile, and given at once for some time after. */
export class ValueCache<A> {
  readonly #ttlMs: number;
  readonly #clock: Clock;
  readonly #values = new RecentMap<string, Kept<A>>(maxValues);
  readonly #flights = new Map<string, Flight<A>>();

  constructor(ttlMs: number, clock: Clock) {
    this.#ttlMs = ttlMs;
    this.#clock = clock;
  }

  /**
   * The value named `id`, at once where it is known. After a refusal it is forgotten and read again, once for that
   * generation; that there is none is not remembered. `about` is kept beside it. A caller's abort ends its own wait, and
   * the last one's the reading.
   */
  read(
    id: string,
    about: A,
    request: Pick<CredentialRequest, "rejected" | "signal">,
    load: (signal: AbortSignal) => Promise<Secret | undefined>,
  ): Secret | undefined | Promise<Secret | undefined> {
    // Its signal may be made for whoever looks at it, so a value that is known is given without a look.
    const { rejected } = request;
    const kept = this.#values.get(id);
    const now = this.#clock.now();
    if (kept !== undefined && now >= kept.from && now < kept.until) {
      if (
        rejected === undefined ||
        (rejected.generation !== undefined && rejected.generation === kept.replaces)
      )
        return kept.value;
    }
    const running = this.#flights.get(id);
    const joins =
      running !== undefined &&
      !running.shared.abandoned &&
      (rejected === undefined || (running.rejects && running.replaces === rejected.generation));
    const flight = joins ? running : this.#depart(id, about, rejected, load);
    return flight.shared.join(request);
  }

  /** Forgets a value, so that the next one who asks reads it, and gives what was kept beside it. */
  forget(id: string): A | undefined {
    // What is being read now may be from before, and somebody is going to use it.
    const running = this.#flights.get(id);
    this.#flights.delete(id);
    return (this.#values.take(id) ?? running)?.about;
  }

  /** Forgets all values and gives what was kept beside them. */
  forgetAll(): readonly A[] {
    const all = [...this.#values.takeAll(), ...this.#flights.values()];
    this.#flights.clear();
    return all.map(({ about }) => about);
  }

  #depart(
    id: string,
    about: A,
    rejected: CredentialRequest["rejected"],
    load: (signal: AbortSignal) => Promise<Secret | undefined>,
  ): Flight<A> {
    const replaces = rejected?.generation;
    // What was refused is given to nobody any more, also where there is nothing in its place.
    if (rejected !== undefined) this.#values.take(id);
    const work = async (signal: AbortSignal) => {
      try {
        const value = await load(signal);
        if (value !== undefined && this.#flights.get(id) === flight) {
          const from = this.#clock.now();
          this.#values.set(id, { about, value, from, until: from + this.#ttlMs, replaces });
        }
        return value;
      } finally {
        if (this.#flights.get(id) === flight) this.#flights.delete(id);
      }
    };
    const flight: Flight<A> = {
      about,
      shared: new SharedFlight(work),
      rejects: rejected !== undefined,
      replaces,
    };
    this.#flights.set(id, flight);
    return flight;
  }
}
