import type { Selection } from "../../src/selection.ts";
import { isMeant } from "../cast.ts";
import type { Facts, Order } from "../facts.ts";
import type { Rules } from "../model.ts";
import { counts } from "../start.ts";

/** Watches what the host orders: revocations, drains and the end of the pool. */
export class Orders {
  readonly #facts: Facts;
  readonly #rules: Rules;

  constructor(facts: Facts, rules: Rules) {
    this.#facts = facts;
    this.#rules = rules;
  }

  /** The host revokes; `revoke` does, and must have ended what is selected when it gives its promise. */
  revokes(selection: Selection, revoke: () => Promise<void>): Promise<void> {
    this.#note("revoke", selection);
    this.#revokesParked(selection);
    const facts = this.#facts;
    const links = [...facts.links].filter(({ seat, session }) => isMeant(selection, seat, session.subject));
    const starts = [...facts.starts].filter(
      (start) => counts(start) && isMeant(selection, start.seat, start.ticket?.subject),
    );
    for (const { users } of links) facts.happened(users > 0 ? "revoked in mid-call" : "revoked");
    if (starts.length > 0) facts.happened("revoked while opening");
    const done = this.#opensNothing(selection, revoke);
    for (const { seat, state, start, arrivedIn } of links)
      if (state === "open" && start.isReal && arrivedIn !== facts.quietTimes)
        facts.violated("revocation", `${seat.name}: survives its revocation`);
    for (const start of starts)
      if (counts(start))
        facts.violated("revocation", `${start.seat.name}: is opened in spite of its revocation`);
    return done;
  }

  drains(selection: Selection): void {
    this.#note("drain", selection);
    for (const { seat, users, session } of this.#facts.links)
      if (users > 0 && isMeant(selection, seat, session.subject)) this.#facts.happened("drained in mid-call");
  }

  closes(isInTheMiddle: boolean): void {
    if (isInTheMiddle) this.#facts.happened("closed in the middle");
    this.#facts.story?.push("close");
    this.#facts.closed ??= this.#facts.when;
  }

  /** Nothing is borrowed meanwhile for what is revoked, but for parked sessions, which are ended at their servers. */
  #opensNothing(selection: Selection, revoke: () => Promise<void>): Promise<void> {
    const facts = this.#facts;
    const { moment } = facts.when;
    const parked = this.#rules.endings.parked.map(({ seat }) => seat);
    const done = revoke();
    for (const { seat, began } of facts.starts) {
      // Whose authority an endpoint is borrowed for is not known yet.
      const isMeantNow = selection.subject === undefined && isMeant(selection, seat, undefined);
      if (began.moment < moment || !isMeantNow) continue;
      const own = parked.indexOf(seat);
      if (own < 0) facts.violated("revocation", `${seat.name}: is opened because it is revoked`);
      else parked.splice(own, 1);
    }
    return done;
  }

  #revokesParked(selection: Selection): void {
    const facts = this.#facts;
    for (const session of this.#rules.endings.parked) {
      if (!isMeant(selection, session.seat, session.subject)) continue;
      session.isRevoked = true;
      facts.happened("revoked while parked");
    }
  }

  #note(verb: Order["verb"], selection: Selection): void {
    this.#facts.story?.push(`${verb} ${JSON.stringify(selection)}`);
    this.#facts.orders.push({ verb, selection, ...this.#facts.when });
  }
}
