import type { Demand } from "../demand.ts";
import type { Facts } from "../facts.ts";
import type { Link } from "../fakes/link.ts";
import type { Failure } from "../fakes/verdict.ts";
import type { Rules } from "../model.ts";

/** Watches every caller, from its call to its outcome. */
export class Calls {
  readonly #facts: Facts;
  readonly #rules: Rules;

  constructor(facts: Facts, rules: Rules) {
    this.#facts = facts;
    this.#rules = rules;
  }

  asks(demand: Demand): void {
    const { demands, busySince } = this.#facts;
    this.#tell(demand, () => `as ${demand.as}`);
    demands.add(demand);
    if (!busySince.has(demand.seat)) busySince.set(demand.seat, this.#facts.when);
  }

  resolved(demand: Demand, value: unknown): void {
    this.#tell(demand, () => "resolves");
    this.#left(demand);
    this.#rules.outcomes.resolved(demand, value);
  }

  rejected(demand: Demand, reason: unknown): void {
    this.#tell(demand, () => `rejects: ${String(reason)}`);
    this.#left(demand);
    this.#rules.outcomes.rejected(demand, reason);
  }

  /** Somebody stops waiting. */
  aborts(demand: Demand): void {
    this.#tell(demand, () => "leaves");
    const { waitsFor } = demand;
    if (waitsFor === undefined) return;
    for (const other of this.#facts.demands)
      if (other.waitsFor === waitsFor && !other.abort.signal.aborted)
        return this.#facts.happened("first of several left");
  }

  /** A caller has got a connection on lease. */
  leases(link: Link, demand: Demand): void {
    this.#tell(demand, () => "has a lease");
    this.#lends(link, demand, true);
    link.leases++;
  }

  releases(link: Link): void {
    this.#facts.tell(link.seat, () => "a lease is released");
    link.leases--;
    this.#frees(link);
  }

  /** An attempt begins. */
  works(link: Link, demand: Demand, attempt: number): void {
    this.#tell(demand, () => `begins attempt ${attempt}`);
    this.#lends(link, demand, false);
    this.#rules.outcomes.works(link, demand, attempt);
    demand.carried = link.carried;
    demand.worksOn = link;
    link.calls++;
    this.#rules.caps.works(link, demand);
  }

  /** An attempt is over, with an answer or a failure. */
  hasWorked(link: Link, demand: Demand, failure: Failure | undefined): void {
    this.#tell(demand, () => `ends its attempt: ${String(failure?.error ?? "answered")}`);
    demand.worksOn = undefined;
    demand.failure = failure;
    demand.failedAt = this.#facts.tick();
    link.calls--;
    this.#frees(link);
    if (failure === undefined) return;
    if (failure.recover === "reconnect") link.isSpoilt = true;
    this.#facts.authored(failure.error, demand.seat, demand);
    this.#rules.blame.failed(demand.seat, demand.carried?.subject, failure, demand.principals.at(-1));
  }

  #lends(link: Link, demand: Demand, justNow: boolean): void {
    this.#rules.isolation.lends(link, demand, justNow);
    const { start } = link;
    if (!start.isReal) {
      start.isReal = true;
      this.#rules.caps.fits(start.seat);
    }
    if (start.resume && !link.wasLent) this.#facts.happened("resumed");
    link.wasLent = true;
  }

  #frees(link: Link): void {
    if (link.users === 0) link.freeSince = this.#facts.now();
  }

  #left(demand: Demand): void {
    const { demands, busySince } = this.#facts;
    demands.delete(demand);
    for (const { seat } of demands) if (seat === demand.seat) return;
    busySince.delete(demand.seat);
  }

  #tell({ seat, kind, id }: Demand, what: () => string): void {
    this.#facts.tell(seat, () => `${kind} ${id} ${what()}`);
  }
}
