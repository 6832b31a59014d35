import type { Principal } from "@tenantry/core";
import type { PoolLimits } from "../../src/limits.ts";
import type { PoolStats } from "../../src/stats.ts";
import { findSeat, type BoundOf, type Seat } from "../cast.ts";
import type { Demand } from "../demand.ts";
import type { Facts } from "../facts.ts";
import type { Link } from "../fakes/link.ts";
import { counts, type Start } from "../start.ts";

/** The limits on connections that are being opened. */
export const connectLimits = ["maxConnectsPerOrigin", "maxConnectsPerUser"] as const;

type ConnectLimit = (typeof connectLimits)[number];

/** No cap is ever exceeded, and one connection is never opened twice. */
export class Caps {
  readonly #facts: Facts;

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  /** Another connection is being opened. */
  opens(start: Start): void {
    const { seat } = start;
    this.#once(start);
    this.fits(seat);
    for (const limit of connectLimits) {
      this.#atMost(limit, this.connects(limit, seat, [...this.#facts.starts].filter(counts)), seat);
      this.#atMost(limit, this.connects(limit, seat, this.unopened.filter(isSure)), seat, 2);
    }
    for (const bound of seat.connectionBounds) this.#atMost(bound.limit, this.left(bound, isSure), seat, 2);
  }

  /** What has not been opened and is not gone: it is being opened, or was stopped before it could be lent. */
  get unopened(): readonly Start[] {
    return [...this.#facts.left].filter(({ isStopped, link }) => isStopped || link === undefined);
  }

  /** How many under one of their bounds are not gone yet, those that are only ending included. */
  left({ key }: BoundOf, isMeant: (start: Start) => boolean = () => true): number {
    let count = 0;
    for (const start of this.#facts.left)
      if (isMeant(start) && start.seat.connectionBounds.some((other) => other.key === key)) count++;
    return count;
  }

  /** A connection of this seat counts that did not before. */
  fits(seat: Seat): void {
    for (const bound of seat.connectionBounds) {
      const isWithin = (other: Seat) => other.connectionBounds.some(({ key }) => key === bound.key);
      let count = 0;
      for (const other of this.#facts.starts) if (counts(other) && isWithin(other.seat)) count++;
      for (const link of this.#facts.links) if (isReal(link) && isWithin(link.seat)) count++;
      this.#atMost(bound.limit, count, seat);
    }
  }

  /** How many of these starts go to where the seat's would, those of its user alone where that is the limit. */
  connects(limit: ConnectLimit, seat: Seat, starts: Iterable<Start>): number {
    const isOfUser = limit === "maxConnectsPerUser";
    if (isOfUser && seat.scope.share !== "user") return 0;
    let count = 0;
    for (const other of starts)
      if (goSameWay(other.seat, seat) && (!isOfUser || other.seat.principal === seat.principal)) count++;
    return count;
  }

  /** Another call begins. */
  works(link: Link, { seat, guest, callBounds }: Demand): void {
    this.#atMost("maxCallsPerConnection", link.calls, seat);
    if (guest !== undefined && this.guestCalls(link, guest) > this.#mostOfGuest)
      this.#facts.violated("caps", `${seat.name}: ${guest.user} has more than a guest's part of it`);
    for (const bound of callBounds) this.#atMost(bound.limit, this.calls(bound), seat);
  }

  /** Whether a guest has as many calls in flight on a connection as one may. */
  isFullFor(link: Link, guest: Principal | undefined): boolean {
    return guest !== undefined && this.guestCalls(link, guest) >= this.#mostOfGuest;
  }

  /** How many calls of one guest are in flight on a connection. */
  guestCalls(link: Link, { user }: Principal): number {
    let count = 0;
    for (const { worksOn, guest } of this.#facts.demands)
      if (worksOn === link && guest?.user === user) count++;
    return count;
  }

  /** How many calls are in flight under one of their bounds. */
  calls({ key }: BoundOf): number {
    let count = 0;
    for (const { worksOn, callBounds } of this.#facts.demands)
      if (worksOn && callBounds.some((bound) => bound.key === key)) count++;
    return count;
  }

  /** What the pool itself counts is within the caps too. */
  quiet({ entries }: PoolStats): void {
    const within = new Map<string, number>();
    for (const { scope, server, state } of entries) {
      if (state === "waiting" || state === "parked") continue;
      const seat = findSeat(scope, server);
      for (const { key, limit } of seat?.connectionBounds ?? []) {
        const count = (within.get(key) ?? 0) + 1;
        within.set(key, count);
        this.#atMost(limit, count, seat as Seat);
      }
    }
  }

  get #mostOfGuest(): number {
    const { maxSharedCallsPerUser, maxCallsPerConnection } = this.#facts.limits;
    return Math.min(maxSharedCallsPerUser, Math.max(1, Math.floor(maxCallsPerConnection / 2)));
  }

  #once(start: Start): void {
    for (const other of this.#facts.starts)
      if (other !== start && other.seat === start.seat && counts(other) && !this.#servesNobodyNew(other))
        if (other.ticket?.subject === start.ticket?.subject)
          this.#facts.violated("one start", `${start.seat.name}: is opened twice at the same time`);
  }

  #servesNobodyNew({ seat, ticket, born, resume }: Start): boolean {
    const { limits, now } = this.#facts;
    const isOld = now() >= (resume?.bornAt ?? born.time) + limits.maxLifetimeMs;
    return isOld || this.#facts.order("drain", seat, ticket?.subject, born.moment) !== undefined;
  }

  /** As many again may be ending. */
  #atMost(limit: keyof PoolLimits, count: number, { name }: Seat, times = 1): void {
    const max = times * this.#facts.limits[limit];
    if (count > max) this.#facts.violated("caps", `${name}: ${count} under ${limit} of ${max}`);
  }
}

/** Whether a start surely counts. Of one that was stopped before its endpoint came, nobody knows. */
function isSure({ isReal }: Start): boolean {
  return isReal;
}

function isReal({ start }: Link): boolean {
  return start.isReal && !start.isStopped;
}

function goSameWay(one: Seat, other: Seat): boolean {
  return one.callBounds.some(
    ({ limit, key }) => limit === "maxCallsPerServer" && other.callBounds.some((bound) => bound.key === key),
  );
}
