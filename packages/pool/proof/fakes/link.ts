import type { CloseReason, Credential, Poolable } from "@tenantry/core";
import type { Seat } from "../cast.ts";
import type { Facts } from "../facts.ts";
import type { Endings } from "../rules/endings.ts";
import type { Isolation } from "../rules/isolation.ts";
import type { Start } from "../start.ts";
import type { Ticket } from "./issuer.ts";

/** A session at its server; it outlives the connections that it goes on in. It is also the record of a parked one. */
export interface Session {
  readonly seat: Seat;
  readonly subject: string | undefined;
  /** No entry of the pool that it was in was made earlier, by the clock. */
  readonly bornAt: number;
  state: "live" | "parked" | "resuming" | "ended" | "lost";
  /** When it was parked last, in the order of everything that happened. */
  parkedAt: number;
  /** Whether it was revoked while it was parked. */
  isRevoked: boolean;
}

/** What a link is made of. */
export interface LinkOptions {
  readonly start: Start;
  readonly session: Session;
  readonly rules: { readonly endings: Endings; readonly isolation: Isolation };
  readonly facts: Facts;
  /** Whether it takes newer generations, and whether it can be reduced to its session. */
  readonly adopts: boolean;
  readonly parks: boolean;
  /** How long closing takes. */
  readonly parting: () => Promise<void>;
}

/** A connection that does nothing but tell what the pool does with it. */
export class Link implements Poolable<Session> {
  readonly start: Start;
  readonly seat: Seat;
  readonly session: Session;
  readonly closed: Promise<CloseReason>;
  /** What it carries. */
  carried: Ticket | undefined;
  state: "open" | "closed" | "parked" | "lost" = "open";
  /** Whether its `close()` has settled. */
  hasParted = false;
  /** How many have it on lease, and how many work with it. */
  leases = 0;
  calls = 0;
  /** Since when nobody has. */
  freeSince: number;
  wasLent = false;
  /** Whether it must be lent to nobody new, because it failed or took no newer credential. */
  isSpoilt = false;
  /** In which quiet times it arrived and was lost. */
  readonly arrivedIn: number;
  lostIn: number | undefined;
  readonly #options: LinkOptions;
  #end: (reason: CloseReason) => void = () => {};

  constructor(options: LinkOptions) {
    const { start, session, facts } = options;
    this.#options = options;
    this.start = start;
    this.seat = start.seat;
    this.session = session;
    this.carried = start.ticket;
    this.freeSince = facts.now();
    this.arrivedIn = facts.quietTimes;
    this.closed = new Promise((resolve) => (this.#end = resolve));
  }

  get users(): number {
    return this.leases + this.calls;
  }

  adopt(next: Credential): boolean {
    const { rules, adopts } = this.#options;
    rules.isolation.adopts(this, next as Ticket, adopts);
    if (adopts) this.carried = next as Ticket;
    else this.isSpoilt = true;
    return adopts;
  }

  park(): Session | undefined {
    const { rules, parks } = this.#options;
    if (!rules.endings.parks(this, parks)) return undefined;
    this.state = "parked";
    this.#end({ kind: "closed" });
    return this.session;
  }

  async close(): Promise<void> {
    const { rules, parting } = this.#options;
    rules.endings.closes(this);
    if (this.state === "open") {
      this.state = "closed";
      this.session.state = "ended";
    }
    await parting();
    this.hasParted = true;
    this.#end({ kind: "closed" });
  }

  /** The other side goes away. */
  lose(): void {
    this.state = "lost";
    this.lostIn = this.#options.facts.quietTimes;
    this.session.state = "lost";
    this.#end({ kind: "lost" });
  }
}
