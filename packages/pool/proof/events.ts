/** What a run is worth having reached. */
export const poolEvents = [
  "opened",
  "waited together",
  "first of several left",
  "last one left",
  "asked in vain",
  "connect timed out",
  "arrived late",
  "waited for room",
  "waited for an ending",
  "waited for a permit",
  "gave up waiting",
  "evicted for room",
  "idled",
  "parked",
  "resumed",
  "ended a parked session",
  "adopted",
  "refused to adopt",
  "reconnected",
  "reauthorized",
  "sent again",
  "lost",
  "lost in mid-call",
  "held back by a breaker",
  "held back by the server",
  "credential held back",
  "revoked",
  "revoked in mid-call",
  "revoked while opening",
  "revoked while parked",
  "revoked among others",
  "drained in mid-call",
  "ended after the drain's time",
  "closed in the middle",
] as const;

/** One of {@link poolEvents}. */
export type PoolEvent = (typeof poolEvents)[number];

/** How often something happened: in how many runs, and in all. */
export interface Count {
  readonly runs: number;
  readonly times: number;
}

/** What a {@link Tally} holds, as it is sent from one thread to another. */
export interface TallyRecord {
  readonly runs: number;
  readonly steps: number;
  readonly events: readonly (readonly [PoolEvent, Count])[];
}

/** How often everything happened, over many runs. */
export class Tally {
  #runs = 0;
  #steps = 0;
  readonly #events = new Map<PoolEvent, Count>();

  get record(): TallyRecord {
    return { runs: this.#runs, steps: this.#steps, events: [...this.#events] };
  }

  of(event: PoolEvent): Count {
    return this.#events.get(event) ?? { runs: 0, times: 0 };
  }

  /** Counts what others have counted too. */
  add({ runs, steps, events }: TallyRecord): void {
    this.#runs += runs;
    this.#steps += steps;
    for (const [event, count] of events) {
      const known = this.of(event);
      this.#events.set(event, { runs: known.runs + count.runs, times: known.times + count.times });
    }
  }

  /** Counts one run. */
  addRun(steps: number, events: ReadonlyMap<PoolEvent, number>): void {
    this.add({ runs: 1, steps, events: [...events].map(([event, times]) => [event, { runs: 1, times }]) });
  }
}
