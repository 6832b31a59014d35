import { TenantryError } from "@tenantry/core";
import type { Blame } from "./blame.ts";
import type { Seat } from "../cast.ts";
import type { Demand } from "../demand.ts";
import type { Facts } from "../facts.ts";
import type { Link } from "../fakes/link.ts";

/** Work runs at most twice and only where it may; every caller hears of its own affairs alone. */
export class Outcomes {
  readonly #facts: Facts;
  readonly #blame: Blame;
  /** When an opening of each seat took too long. */
  readonly #timeouts = new Map<Seat, number>();
  /** The errors of those who share connections. */
  readonly #heard = new WeakSet<TenantryError>();

  constructor(facts: Facts, blame: Blame) {
    this.#facts = facts;
    this.#blame = blame;
  }

  timedOut(seat: Seat): void {
    this.#timeouts.set(seat, this.#facts.tick());
  }

  /** An attempt begins. */
  works(link: Link, demand: Demand, attempt: number): void {
    const { seat, failure, failedAt, resend, carried } = demand;
    const violated = (what: string) => this.#facts.violated("resending", `${seat.name}: ${what}`);
    if (this.#facts.isRevoked(demand.guest, seat, demand.moment))
      this.#facts.violated("revocation", `${seat.name}: a revoked user's call is made`);
    if (attempt !== ++demand.attempts) violated(`attempt ${demand.attempts} is called number ${attempt}`);
    if (attempt === 1) return;
    if (attempt > 2 || failure === undefined) return violated("work runs again that was not to");
    if (!failure.again[resend]) violated(`work runs again after: ${failure.error.message}`);
    if (failedAt > (this.#facts.closed?.moment ?? Infinity))
      violated("work runs again that failed after the pool was closed");
    if (failure.recover === "reauthorize") {
      const isSame =
        carried?.generation === link.carried?.generation && carried?.subject === link.carried?.subject;
      if (isSame) violated("work runs again with the credential that was refused");
      this.#facts.happened("reauthorized");
    } else this.#facts.happened(failure.recover === "reconnect" ? "reconnected" : "sent again");
  }

  resolved({ seat, isLate, answer, kind }: Demand, value: unknown): void {
    if (isLate) this.#facts.violated("closing", `${seat.name}: is served by a closed pool`);
    if (kind === "run" && value !== answer)
      this.#facts.violated("outcomes", `${seat.name}: gets another answer than its work gave`);
  }

  rejected(demand: Demand, reason: unknown): void {
    const { seat, isLate, answer, abort } = demand;
    const violated = (what: string) => this.#facts.violated("outcomes", `${seat.name}: ${what}`);
    if (answer) violated("does not get the answer that its work gave");
    if (isLate && !(reason instanceof TenantryError && reason.code === "CLOSED"))
      this.#facts.violated("closing", `${seat.name}: does not hear that the pool is closed`);
    if (abort.signal.aborted && reason === abort.signal.reason) return;
    const author = this.#facts.authorOf(reason);
    if (author === undefined) return this.#explains(demand, reason);
    if (author.seat !== seat || (author.demand && author.demand !== demand))
      this.#facts.violated("isolation", `${seat.name}: hears of another's failure`);
    if (reason instanceof TenantryError && seat.scope.share !== "user") this.#isOwn(demand, reason);
  }

  /** Whoever shares a connection has an error that nobody else has. */
  #isOwn({ seat }: Demand, reason: TenantryError): void {
    if (this.#heard.has(reason))
      this.#facts.violated("isolation", `${seat.name}: several hear of a failure by one error`);
    this.#heard.add(reason);
  }

  /** Whether a connection of its seat was lost since it began, or in the moment before. */
  #wasLost({ seat, moment }: Demand): boolean {
    const lost = this.#facts.losses.get(seat);
    return lost !== undefined && (lost.moment > moment || lost.quietTimes === this.#facts.quietTimes);
  }

  /** Whether its provider may have kept it waiting for as long as it does at most. */
  #hasAskedLong({ seat, beganAt }: Demand): boolean {
    const { limits, now } = this.#facts;
    const hasAsked = seat.hasCredential && now() >= beganAt + limits.acquireTimeoutMs;
    if (hasAsked) this.#facts.happened("asked in vain");
    return hasAsked;
  }

  /** What the pool says by itself must be true. */
  #explains(demand: Demand, reason: unknown): void {
    const facts = this.#facts;
    const { seat, moment } = demand;
    const unless = (isTrue: boolean) => {
      if (!isTrue) facts.violated("outcomes", `${seat.name}: is told ${String(reason)}`);
    };
    if (!(reason instanceof TenantryError)) return unless(false);
    switch (reason.code) {
      case "CLOSED":
        return unless(facts.closed !== undefined);
      case "POOL_EXHAUSTED":
        return facts.happened("gave up waiting");
      case "TIMEOUT":
        return unless((this.#timeouts.get(seat) ?? -1) > moment || this.#hasAskedLong(demand));
      case "CONNECTION_LOST":
        if (facts.isRevoked(demand.guest, seat, moment)) return facts.happened("revoked among others");
        return unless(facts.wasTold(seat, moment) || this.#wasLost(demand));
      case "SERVER_UNAVAILABLE":
      case "UNAUTHORIZED":
        return this.#blame.refused(demand, reason);
      default:
        return unless(false);
    }
  }
}
