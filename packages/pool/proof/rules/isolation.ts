import type { CredentialRequest, Scope } from "@tenantry/core";
import type { Seat } from "../cast.ts";
import type { Demand } from "../demand.ts";
import type { Facts } from "../facts.ts";
import type { Question, Ticket } from "../fakes/issuer.ts";
import type { Link, Session } from "../fakes/link.ts";
import type { Start } from "../start.ts";

/** Nobody gets what is another's, what has been revoked, or what is older than what they asked with. */
export class Isolation {
  readonly #facts: Facts;

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  /** A provider is asked. Scopes without a user tell nobody's context. */
  asked(seat: Seat, { scope, server, context }: CredentialRequest): Question {
    if (scope !== seat.scope || server !== seat.server)
      this.#violated(seat, "its provider is asked for another");
    const moment = this.#facts.tick();
    const { demand } = context as { demand?: Demand };
    if (seat.scope.share === "user" ? demand?.seat !== seat : demand !== undefined)
      this.#violated(seat, "its provider is given a context that is not its caller's own");
    return { demand, as: demand?.as ?? 0, moment };
  }

  borrows(seat: Seat, scope: Scope): void {
    if (scope !== seat.scope) this.#violated(seat, "its endpoint is borrowed for another");
  }

  opens({ seat, ticket, resume, isReal }: Start): void {
    if (seat.hasCredential ? ticket?.seat !== seat : ticket !== undefined)
      this.#violated(seat, "is opened with another's credential, or without its own");
    if (isReal && ticket && this.#isRevoked(ticket))
      this.#facts.violated("revocation", `${seat.name}: is opened with a credential that was revoked`);
    if (resume) this.#resumes(seat, ticket, resume, isReal);
  }

  /** A caller gets a connection. */
  lends(link: Link, { seat, moment, ticket }: Demand, justNow: boolean): void {
    const { carried, isSpoilt, session, start } = link;
    const facts = this.#facts;
    if (link.seat !== seat) this.#violated(seat, `gets the connection of ${link.seat.name}`);
    if (ticket && carried?.subject !== ticket.subject)
      this.#violated(seat, "gets the connection of another subject");
    if (ticket && carried && carried.version < ticket.version && !isSpoilt)
      facts.violated("generations", `${seat.name}: gets an older credential than was resolved for it`);
    const revoked = facts.order("revoke", seat, carried?.subject, start.began.moment);
    // Whoever gets a lease wakes up later than the pool gave it.
    const isExcused = justNow && revoked?.quietTimes === facts.quietTimes;
    const isLate = revoked && !(isExcused && revoked.moment > moment);
    if (isLate || session.isRevoked)
      facts.violated("revocation", `${seat.name}: gets a connection that was revoked`);
    const drained = facts.order("drain", seat, carried?.subject, start.began.moment);
    if (drained && moment > drained.moment)
      facts.violated("leases", `${seat.name}: gets a connection that was to serve nobody new`);
  }

  /** A connection is given a newer credential. */
  adopts(link: Link, next: Ticket, does: boolean): void {
    const { seat, carried, state, lostIn } = link;
    const facts = this.#facts;
    if (next.seat !== seat || next.subject !== carried?.subject)
      return this.#violated(seat, "its connection is given another's credential");
    if (next.answeredAt <= carried.answeredAt || next.version < carried.version)
      facts.violated("generations", `${seat.name}: goes back from ${carried.version} to ${next.version}`);
    if (this.#isRevoked(next))
      facts.violated("revocation", `${seat.name}: is given a credential that was revoked`);
    if (state !== "open" && lostIn !== facts.quietTimes)
      facts.violated("generations", `${seat.name}: a connection that has ended is given a credential`);
    facts.tell(seat, () => `${does ? "adopts" : "refuses to adopt"} generation ${next.generation}`);
    facts.happened(does ? "adopted" : "refused to adopt");
  }

  /** Whether what a credential was asked with has been revoked since. */
  #isRevoked({ seat, subject, askedAt }: Ticket): boolean {
    return this.#facts.order("revoke", seat, subject, askedAt) !== undefined;
  }

  #resumes(seat: Seat, ticket: Ticket | undefined, session: Session, isReal: boolean): void {
    if (session.seat !== seat || session.subject !== ticket?.subject)
      this.#violated(seat, `resumes the session of ${session.seat.name}, subject ${session.subject}`);
    if (session.state !== "parked") this.#violated(seat, `resumes a session that is ${session.state}`);
    if (isReal && session.isRevoked)
      this.#facts.violated("revocation", `${seat.name}: resumes a session that was revoked`);
  }

  #violated({ name }: Seat, what: string): void {
    this.#facts.violated("isolation", `${name}: ${what}`);
  }
}
