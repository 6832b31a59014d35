import type { PoolStats } from "../../src/stats.ts";
import { connectLimits, type Caps } from "./caps.ts";
import { concernsSeat, findSeat, type Seat } from "../cast.ts";
import type { Demand } from "../demand.ts";
import type { Facts, Order } from "../facts.ts";
import { counts, type Start } from "../start.ts";

/** What {@link Liveness} looks at beside the facts. */
export interface LivenessOptions {
  readonly facts: Facts;
  readonly caps: Caps;
  /** Whether the provider of a seat owes an answer. */
  readonly isAsked: (seat: Seat) => boolean;
}

/** Whoever waits does so for a reason that holds now, and what somebody waits for goes on. */
export class Liveness {
  readonly #options: LivenessOptions;

  constructor(options: LivenessOptions) {
    this.#options = options;
  }

  /** An opening is stopped: it took too long, somebody wants it to end, or nobody waits for it any more. */
  stops(start: Start): "timed out" | "told" | "left" {
    const { facts } = this.#options;
    const { limits, closed } = facts;
    const now = facts.now();
    if (now >= start.began.time + limits.connectTimeoutMs) return "timed out";
    if (closed || this.#was("revoke", start)) return "told";
    if (now >= (this.#was("drain", start)?.time ?? Infinity) + limits.drainTimeoutMs) return "told";
    for (const demand of facts.demands)
      if (demand.waitsFor === start && !demand.abort.signal.aborted)
        facts.violated("aborts", `${start.seat.name}: is stopped though somebody waits for it`);
    return "left";
  }

  /** Nothing happens by itself any more: looks at everybody who waits. */
  quiet(stats: PoolStats): void {
    const { facts } = this.#options;
    const waiting = this.#seatsThatWait(stats);
    for (const start of facts.starts) if (counts(start)) this.#isWanted(start);
    for (const demand of facts.demands) {
      demand.waitsFor = undefined;
      if (demand.worksOn === undefined) this.#waits(demand, waiting);
    }
    this.#joined(waiting);
  }

  /** The order that may mean a start; before it is opened, nobody knows its subject. */
  #was(verb: Order["verb"], { seat, ticket, phase, born }: Start): Order | undefined {
    const { facts } = this.#options;
    if (phase !== "borrowing") return facts.order(verb, seat, ticket?.subject, born.moment);
    return facts.orders.find(
      (order) => order.verb === verb && order.moment > born.moment && concernsSeat(order.selection, seat),
    );
  }

  /** The seats that wait for room, each of them under a bound that is full. */
  #seatsThatWait({ entries }: PoolStats): ReadonlySet<Seat> {
    const { facts, caps } = this.#options;
    const waiting = new Set<Seat>();
    const busy = new Map<string, number>();
    for (const { scope, server, state } of entries) {
      const seat = findSeat(scope, server);
      if (seat === undefined || state === "idle" || state === "parked") continue;
      if (state === "waiting") waiting.add(seat);
      else for (const { key } of seat.connectionBounds) busy.set(key, (busy.get(key) ?? 0) + 1);
    }
    for (const seat of waiting) {
      const isFull = seat.connectionBounds.some(
        ({ limit, key }) => (busy.get(key) ?? 0) >= facts.limits[limit],
      );
      const areLeaving = seat.connectionBounds.some(
        (bound) => caps.left(bound) >= 2 * facts.limits[bound.limit],
      );
      if (areLeaving) facts.happened("waited for an ending");
      if (!isFull && !areLeaving && !this.#connectsAreFull(seat))
        facts.violated("liveness", `${seat.name}: waits though there is room`);
      facts.happened("waited for room");
    }
    return waiting;
  }

  #isWanted({ seat }: Start): void {
    const { facts } = this.#options;
    for (const demand of facts.demands)
      if (demand.seat === seat && !demand.abort.signal.aborted && demand.worksOn === undefined) return;
    facts.violated("aborts", `${seat.name}: is opened for nobody`);
  }

  #waits(demand: Demand, waiting: ReadonlySet<Seat>): void {
    const { facts, isAsked } = this.#options;
    const { seat, abort } = demand;
    if (abort.signal.aborted) return facts.violated("liveness", `${seat.name}: an abort is not heard`);
    if (isAsked(seat) || waiting.has(seat)) return;
    for (const start of facts.starts) if (start.seat === seat && !start.isStopped) return;
    if (this.#connectsAreFull(seat)) return facts.happened("waited for a permit");
    if (demand.kind === "run" && this.#callsAreFull(demand)) return facts.happened("waited for a permit");
    facts.violated("liveness", `${seat.name}: somebody is left waiting for nothing`);
  }

  /** What has begun and is not over may hold a permit, even where it was stopped. */
  #connectsAreFull(seat: Seat): boolean {
    const { facts, caps } = this.#options;
    return connectLimits.some((limit) => {
      const max = facts.limits[limit];
      const isFull = caps.connects(limit, seat, facts.starts) >= max;
      return isFull || caps.connects(limit, seat, caps.unopened) >= 2 * max;
    });
  }

  #callsAreFull({ seat, guest, callBounds }: Demand): boolean {
    const { facts, caps } = this.#options;
    const { limits, demands } = facts;
    if (callBounds.some((bound) => caps.calls(bound) >= limits[bound.limit])) return true;
    for (const { worksOn: link } of demands)
      if (link?.seat === seat && link.state === "open")
        if (link.calls >= limits.maxCallsPerConnection || caps.isFullFor(link, guest)) return true;
    return false;
  }

  /** Finds who surely waits for which start: those who can get no other connection. */
  #joined(waiting: ReadonlySet<Seat>): void {
    const { facts, isAsked } = this.#options;
    const found = new Map<Start, number>();
    for (const demand of facts.demands) {
      const { seat, ticket, attempts, worksOn } = demand;
      if (
        worksOn ||
        attempts > 0 ||
        isAsked(seat) ||
        waiting.has(seat) ||
        (seat.scope.share === "user" && !ticket)
      )
        continue;
      const starts = [...facts.starts].filter((start) => start.seat === seat);
      const [start] = starts;
      if (starts.length !== 1 || !start || !counts(start)) continue;
      if (ticket && start.ticket?.subject !== ticket.subject) continue;
      if ([...facts.links].some((link) => link.seat === seat)) continue;
      demand.waitsFor = start;
      found.set(start, (found.get(start) ?? 0) + 1);
    }
    for (const count of found.values()) if (count > 1) facts.happened("waited together");
  }
}
