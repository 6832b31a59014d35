import type { PoolStats } from "../../src/stats.ts";
import { findSeat, type Seat } from "../cast.ts";
import type { Facts, Order } from "../facts.ts";
import type { Link, Session } from "../fakes/link.ts";
import type { Start } from "../start.ts";

/** Everything that was opened ends once and for a reason; what is on loan only where somebody wants it so. */
export class Endings {
  readonly #facts: Facts;
  readonly #sessions: Session[] = [];
  /** How often the server of each seat could not be reached, so that it could not be told of a session's end either. */
  readonly #missed = new Map<Seat, number>();
  #endpointsOut = 0;

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  began(session: Session): void {
    this.#sessions.push(session);
  }

  /** The sessions that were parked and that nobody has gone on with. */
  get parked(): Session[] {
    return this.#sessions.filter(({ state }) => state === "parked");
  }

  /** No endpoint was lent. */
  missed({ seat }: Start): void {
    add(this.#missed, seat, 1);
  }

  borrowed(start: Start): void {
    start.hasEndpoint = true;
    this.#endpointsOut++;
  }

  /** An endpoint is given back, after the connection on it has ended. */
  returns(start: Start): void {
    const { seat, link, hasEndpoint } = start;
    if (!hasEndpoint) this.#facts.violated("endings", `${seat.name}: an endpoint is given back twice`);
    if (link?.state === "open" || (link?.state === "closed" && !link.hasParted))
      this.#facts.violated("endings", `${seat.name}: an endpoint is given back under its connection`);
    start.hasEndpoint = false;
    this.#endpointsOut--;
    this.#facts.left.delete(start);
    start.phase = "over";
    this.#facts.starts.delete(start);
  }

  /** The pool asks for the session of a connection; tells whether it gets it. */
  parks(link: Link, can: boolean): boolean {
    const { seat, state, lostIn, users, isSpoilt, session, start } = link;
    const facts = this.#facts;
    if (state === "lost" && lostIn === facts.quietTimes) return false;
    if (state !== "open") facts.violated("endings", `${seat.name}: a connection that is ${state} is parked`);
    if (users > 0) facts.violated("leases", `${seat.name}: a connection is parked under its user`);
    const isDrained = facts.order("drain", seat, session.subject, start.began.moment) !== undefined;
    if (isSpoilt || isDrained || seat.scope.share === "discovery")
      facts.violated("endings", `${seat.name}: what nobody may use again is parked`);
    if (!can) return false;
    const cause = this.#waited(link) ? "idled" : this.#isOver(seat, 1) ? "evicted for room" : undefined;
    if (cause === undefined)
      facts.violated("endings", `${seat.name}: a connection is parked without a cause`);
    else facts.happened(cause);
    facts.happened("parked");
    facts.tell(seat, () => "the connection is parked");
    facts.links.delete(link);
    session.state = "parked";
    session.parkedAt = facts.tick();
    return true;
  }

  closes(link: Link): void {
    const { seat, state, lostIn, users } = link;
    const facts = this.#facts;
    facts.tell(seat, () => "the connection is closed");
    if (state === "lost" && lostIn === facts.quietTimes) return;
    if (state !== "open")
      return facts.violated("endings", `${seat.name}: a connection that is ${state} is closed`);
    facts.links.delete(link);
    if (users > 0) {
      if (!this.#mayEndUnderUsers(link))
        facts.violated("leases", `${seat.name}: a connection is closed under its user`);
    } else if (!link.start.isReal) facts.happened("ended a parked session");
    else if (!this.#hasCause(link))
      facts.violated("endings", `${seat.name}: a connection is closed without a cause`);
  }

  /** Compares what the pool believes with what there is. */
  quiet({ entries, leases }: PoolStats): void {
    const { links, starts } = this.#facts;
    const open = new Map<Seat, number>();
    const starting = new Map<Seat, number>();
    let users = 0;
    for (const { seat, start, users: own } of links) {
      if (start.isStopped) this.#facts.violated("endings", `${seat.name}: what arrived late is not closed`);
      add(open, seat, 1);
      users += own;
    }
    for (const { seat, isReal, isStopped, phase } of starts)
      if (phase === "opening" && isReal && !isStopped) add(starting, seat, 1);
    for (const { scope, server, state } of entries) {
      const seat = findSeat(scope, server);
      if (seat === undefined)
        this.#facts.violated("endings", "the pool tells of a target that nobody asked for");
      else if (state === "ready" || state === "idle" || state === "draining") add(open, seat, -1);
      else if (state === "connecting") add(starting, seat, -1);
    }
    for (const [{ name }, count] of open)
      if (count !== 0)
        this.#facts.violated("endings", `${name}: there are ${count} more connections than the pool knows`);
    for (const [{ name }, count] of starting)
      if (count > 0) this.#facts.violated("endings", `${name}: ${count} openings more than the pool knows`);
    if (leases < users)
      this.#facts.violated("endings", `the pool counts ${leases} loans, there are ${users}`);
  }

  /** The pool has closed: nothing may be left. */
  finished(): void {
    const { links, starts } = this.#facts;
    for (const { seat } of links) this.#facts.violated("endings", `${seat.name}: a connection is left open`);
    for (const { seat } of starts) this.#facts.violated("endings", `${seat.name}: an opening goes on`);
    if (this.#endpointsOut !== 0)
      this.#facts.violated("endings", `${this.#endpointsOut} endpoints were not given back`);
    for (const { seat, state } of this.#sessions)
      if (state !== "ended" && state !== "lost") add(this.#missed, seat, -1);
    for (const [{ name }, count] of this.#missed)
      if (count < 0) this.#facts.violated("endings", `${name}: a session is not ended at its server`);
  }

  #mayEndUnderUsers(link: Link): boolean {
    const { closed, limits, now } = this.#facts;
    if (this.#was("revoke", link)) return true;
    const told = Math.min(this.#was("drain", link)?.time ?? Infinity, closed?.time ?? Infinity);
    const isOver = now() >= told + limits.drainTimeoutMs;
    if (isOver) this.#facts.happened("ended after the drain's time");
    return isOver;
  }

  #hasCause(link: Link): boolean {
    const { start, session, isSpoilt, seat, arrivedIn } = link;
    const { closed, limits, now } = this.#facts;
    if (closed || isSpoilt || this.#was("revoke", link) || this.#was("drain", link)) return true;
    // Nobody has a second use for it.
    if (seat.scope.share === "discovery") return true;
    // It arrived for nobody, or in the moment in which the last one left.
    if (start.isStopped || arrivedIn === this.#facts.quietTimes) return true;
    if (this.#waited(link) || now() >= session.bornAt + limits.maxLifetimeMs) return true;
    if (!this.#isOver(seat, 0)) return false;
    this.#facts.happened("evicted for room");
    return true;
  }

  /** The order that may mean a connection: it was given after the connection was first wished for. */
  #was(verb: Order["verb"], { seat, session, start }: Link): Order | undefined {
    return this.#facts.order(verb, seat, session.subject, start.born.moment);
  }

  #waited({ freeSince }: Link): boolean {
    return this.#facts.now() - freeSince >= this.#facts.limits.idleTimeoutMs;
  }

  /** Whether a bound of this seat is full with what the pool has and wants to have, `own` of it apart. */
  #isOver(seat: Seat, own: number): boolean {
    const { limits, stats } = this.#facts;
    const { entries } = stats();
    return seat.connectionBounds.some(({ limit, key }) => {
      const within = entries.filter(
        ({ scope, server, state }) =>
          state !== "parked" && findSeat(scope, server)?.connectionBounds.some((other) => other.key === key),
      );
      return within.length - own >= limits[limit];
    });
  }
}

function add<K>(counts: Map<K, number>, key: K, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}
