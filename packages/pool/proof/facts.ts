import { TenantryError, type Principal } from "@tenantry/core";
import type { PoolLimits } from "../src/limits.ts";
import type { Selection } from "../src/selection.ts";
import type { PoolState } from "../src/state.ts";
import type { PoolStats } from "../src/stats.ts";
import { concernsSeat, findSeat, isMeant, type Seat } from "./cast.ts";
import type { Demand } from "./demand.ts";
import type { PoolEvent } from "./events.ts";
import type { Link } from "./fakes/link.ts";
import type { Start } from "./start.ts";

/** What a property is about. */
export type Rule =
  | "isolation"
  | "one start"
  | "caps"
  | "endings"
  | "leases"
  | "liveness"
  | "revocation"
  | "closing"
  | "resending"
  | "aborts"
  | "generations"
  | "blame"
  | "outcomes";

/** A wish of the host to have something ended. */
export interface Order extends When {
  readonly verb: "revoke" | "drain";
  readonly selection: Selection;
}

/** Whose failure something is. */
export interface Author {
  readonly seat: Seat;
  readonly demand: Demand | undefined;
}

/** When something happened: in the order of everything, by the clock, and by how often the world had been quiet. */
export interface When {
  readonly moment: number;
  readonly time: number;
  readonly quietTimes: number;
}

/** What has been seen of one pool, for all rules to look at. The first violation is kept until somebody asks. */
export class Facts {
  readonly limits: PoolLimits;
  readonly now: () => number;
  /** Callers without an outcome. */
  readonly demands = new Set<Demand>();
  /** Openings that have begun and are not over. */
  readonly starts = new Set<Start>();
  /** Openings, and what has become of them, of which something is left: their endpoint is out, or still asked for. */
  readonly left = new Set<Start>();
  /** Connections that have not ended. */
  readonly links = new Set<Link>();
  readonly orders: Order[] = [];
  /** Since when each seat has had a caller without an outcome. */
  readonly busySince = new Map<Seat, When>();
  /** Whose failure an error is. */
  readonly #authors = new WeakMap<object, Author>();
  /** When a connection of each seat was lost last. */
  readonly losses = new Map<Seat, When>();
  readonly events = new Map<PoolEvent, number>();
  /** When the pool was told to close. */
  closed: When | undefined;
  /** How often the world has been quiet: what happened between two times was not seen by everybody yet. */
  quietTimes = 0;
  stats: () => PoolStats;
  /** What happened, line by line, where somebody wants to read it. */
  story: string[] | undefined;
  #moment = 0;
  #violation: Error | undefined;

  constructor(limits: PoolLimits, now: () => number) {
    this.limits = limits;
    this.now = now;
    this.stats = () => {
      throw new Error("There is no pool yet.");
    };
  }

  /** The next moment in the order of everything that happens. */
  tick(): number {
    return ++this.#moment;
  }

  get when(): When {
    return { moment: this.tick(), time: this.now(), quietTimes: this.quietTimes };
  }

  happened(event: PoolEvent): void {
    this.events.set(event, (this.events.get(event) ?? 0) + 1);
  }

  /** Notes what happened at a seat, where somebody wants to read of it. */
  tell({ name }: Seat, what: () => string): void {
    this.story?.push(`${this.now()} ms  ${name}  ${what()}`);
  }

  violated(rule: Rule, what: string): void {
    this.#violation ??= new Error(`${rule}: ${what}`);
  }

  /** Notes whose failure an error is, and gives it a cause by which a copy of it is known. */
  authored<E extends Error>(error: E, seat: Seat, demand?: Demand): E {
    const author = { seat, demand };
    const cause = new Error("It is so.");
    this.#authors.set(error, author).set(cause, author);
    return Object.assign(error, { cause });
  }

  /** Whose failure it is, be it a copy of it, which has its cause; `undefined` for what the pool says by itself. */
  authorOf(reason: unknown): Author | undefined {
    if (!(reason instanceof Error)) return undefined;
    const { cause } = reason;
    const isCopy = cause instanceof Error && !(cause instanceof TenantryError);
    return this.#authors.get(reason) ?? (isCopy ? this.#authors.get(cause) : undefined);
  }

  /** Throws the first violation. A rule is not asked to throw where it sees one: the pool might swallow it. */
  check(): void {
    if (this.#violation) throw this.#violation;
  }

  /** The first order since `moment` that means what this seat has with this subject. */
  order(verb: Order["verb"], seat: Seat, subject: string | undefined, moment: number): Order | undefined {
    return this.orders.find(
      (order) => order.verb === verb && order.moment > moment && isMeant(order.selection, seat, subject),
    );
  }

  /** Whether a user who shares a connection has been revoked since `moment`. */
  isRevoked(guest: Principal | undefined, { server }: Seat, moment: number): boolean {
    return (
      guest !== undefined &&
      this.orders.some(
        ({ verb, selection: { workspace, user, session, server: only, subject }, ...order }) =>
          verb === "revoke" &&
          order.moment > moment &&
          user === guest.user &&
          workspace === guest.workspace &&
          (session === undefined || session === guest.session) &&
          (only === undefined || only === server.id) &&
          subject === undefined,
      )
    );
  }

  /** Whether the pool tells of an entry of a seat in this state. */
  hasEntry(seat: Seat, state: PoolState): boolean {
    return this.stats().entries.some(
      (entry) => entry.state === state && findSeat(entry.scope, entry.server) === seat,
    );
  }

  /** Whether anything at a seat was told to end since `moment`. */
  wasTold(seat: Seat, moment: number): boolean {
    return this.orders.some((order) => order.moment > moment && concernsSeat(order.selection, seat));
  }
}
