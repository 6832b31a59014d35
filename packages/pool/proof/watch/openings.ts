import type { Scope } from "@tenantry/core";
import type { Seat } from "../cast.ts";
import type { Facts } from "../facts.ts";
import type { Ticket } from "../fakes/issuer.ts";
import type { Link, Session } from "../fakes/link.ts";
import type { Failure } from "../fakes/verdict.ts";
import type { Rules } from "../model.ts";
import type { Start } from "../start.ts";

/** Watches every opening, from the wish for its endpoint until its connection is there. */
export class Openings {
  readonly #facts: Facts;
  readonly #rules: Rules;

  constructor(facts: Facts, rules: Rules) {
    this.#facts = facts;
    this.#rules = rules;
  }

  borrows(seat: Seat, scope: Scope, signal: AbortSignal): Start {
    const facts = this.#facts;
    facts.tell(seat, () => "borrows an endpoint");
    this.#rules.isolation.borrows(seat, scope);
    const began = facts.when;
    const start: Start = {
      seat,
      signal,
      began,
      born: facts.busySince.get(seat) ?? began,
      phase: "borrowing",
      ticket: undefined,
      resume: undefined,
      isReal: false,
      isStopped: false,
      hasEndpoint: false,
      link: undefined,
    };
    facts.starts.add(start);
    facts.left.add(start);
    signal.addEventListener("abort", () => this.#stops(start), { once: true });
    return start;
  }

  opens(start: Start, ticket: Ticket | undefined, resume: Session | undefined): void {
    const facts = this.#facts;
    const { seat, isStopped } = start;
    facts.tell(seat, () => `opens${resume ? ", resumes" : ""}: ${nameOf(ticket)}`);
    start.phase = "opening";
    start.ticket = ticket;
    start.resume = resume;
    // Whoever goes on with a session has asked for it since; whoever ends it does so with what it was parked with.
    start.isReal = resume === undefined || (ticket?.answeredAt ?? 0) > resume.parkedAt;
    if (isStopped) facts.violated("aborts", `${seat.name}: is opened although it was stopped`);
    if (start.isReal && facts.closed) facts.violated("closing", `${seat.name}: is opened by a closed pool`);
    this.#rules.isolation.opens(start);
    if (start.isReal) this.#rules.caps.opens(start);
    facts.happened("opened");
    if (resume) resume.state = "resuming";
  }

  /** An opening failed, or its endpoint could not even be borrowed; without a failure it ends because it was stopped. */
  fails(start: Start, failure: Failure | undefined): void {
    const { seat, ticket, resume, phase } = start;
    this.#facts.tell(seat, () => `does not open: ${String(failure?.error ?? "it was stopped")}`);
    if (phase === "borrowing") {
      this.#rules.endings.missed(start);
      this.#facts.left.delete(start);
    }
    start.phase = "over";
    this.#facts.starts.delete(start);
    // The connector leaves nothing behind; a server that cannot be reached cannot be told.
    if (resume) resume.state = "lost";
    if (failure === undefined) return;
    this.#facts.authored(failure.error, seat);
    this.#rules.blame.failed(seat, ticket?.subject, failure);
  }

  arrives(start: Start, link: Link): void {
    const facts = this.#facts;
    facts.tell(start.seat, () => `arrives${start.isStopped ? " too late" : ""}: ${nameOf(start.ticket)}`);
    start.phase = "over";
    start.link = link;
    facts.starts.delete(start);
    facts.links.add(link);
    if (start.isStopped) facts.happened("arrived late");
    if (start.resume === undefined) this.#rules.endings.began(link.session);
    link.session.state = "live";
  }

  /** The other side of a connection goes away. */
  loses(link: Link): void {
    const facts = this.#facts;
    facts.tell(link.seat, () => "the connection is lost");
    facts.happened(link.users > 0 ? "lost in mid-call" : "lost");
    // One that is lost before its first use counts as one that could not be opened.
    this.#rules.blame.failed(link.seat, link.carried?.subject, { says: "way is broken", holdMs: 0 });
    facts.links.delete(link);
    facts.losses.set(link.seat, facts.when);
    link.lose();
  }

  #stops(start: Start): void {
    const { seat, phase, link, ticket } = start;
    if (phase === "over" && link === undefined) return;
    this.#facts.tell(seat, () => `an opening is stopped: ${nameOf(ticket)}`);
    // A connection may arrive while its opening is stopped, before the pool has seen it.
    if (link && link.arrivedIn !== this.#facts.quietTimes)
      this.#facts.violated("aborts", `${seat.name}: is stopped although it is open`);
    const why = this.#rules.liveness.stops(start);
    start.isStopped = true;
    if (phase === "borrowing" && why === "timed out") this.#rules.endings.missed(start);
    if (why === "left") this.#facts.happened("last one left");
    if (why === "timed out") this.#timesOut(start);
  }

  #timesOut({ seat, ticket }: Start): void {
    this.#facts.happened("connect timed out");
    this.#rules.outcomes.timedOut(seat);
    this.#rules.blame.failed(seat, ticket?.subject, { says: "way is broken", holdMs: 0 });
  }
}

function nameOf(ticket: Ticket | undefined): string {
  return ticket === undefined
    ? "no credential"
    : `subject ${ticket.subject}, generation ${ticket.generation}`;
}
