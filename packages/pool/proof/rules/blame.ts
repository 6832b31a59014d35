import type { TenantryError } from "@tenantry/core";
import type { Seat } from "../cast.ts";
import type { Demand } from "../demand.ts";
import type { Facts } from "../facts.ts";
import type { Failure } from "../fakes/verdict.ts";

interface Known extends Pick<Failure, "says" | "holdMs"> {
  readonly seat: Seat;
  readonly subject: string | undefined;
  readonly at: number;
}

/** Nobody is refused for what others did, unless at least two of them met trouble on the same way. */
export class Blame {
  readonly #facts: Facts;
  readonly #failures: Known[] = [];

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  /** A call or an opening failed. */
  failed(seat: Seat, subject: string | undefined, { says, holdMs }: Pick<Failure, "says" | "holdMs">): void {
    if (says !== "nothing") this.#failures.push({ seat, subject, says, holdMs, at: this.#facts.now() });
  }

  /** The pool refused a caller by itself. */
  refused(demand: Demand, error: TenantryError): void {
    const { seat } = demand;
    const author = error.cause instanceof Error ? this.#facts.authors.get(error.cause) : undefined;
    if (author && author.seat.principal !== seat.principal)
      this.#facts.violated("isolation", `${seat.name}: is told of the failure of ${author.seat.name}`);
    const isExplained =
      error.code === "SERVER_UNAVAILABLE"
        ? this.#isHeld(demand) || this.#isBroken(demand)
        : this.#isRefused(demand);
    if (!isExplained) this.#facts.violated("blame", `${seat.name}: is refused for nothing that it did`);
  }

  #isHeld({ seat, ticket }: Demand): boolean {
    const { limits, now } = this.#facts;
    const isHeld = this.#own(seat, ticket?.subject).some(
      ({ holdMs, at }) => holdMs > 0 && now() < at + Math.min(holdMs, limits.maxHoldMs),
    );
    if (isHeld) this.#facts.happened("held back by the server");
    return isHeld;
  }

  #isBroken({ seat, ticket }: Demand): boolean {
    const { breakerThreshold } = this.#facts.limits;
    const { principal, origin } = seat;
    const there =
      origin === undefined
        ? this.#own(seat, ticket?.subject)
        : this.#failures.filter((one) => one.seat.origin === origin);
    const broken = there.filter(({ says }) => says === "way is broken");
    const own = broken.filter((one) => one.seat.principal === principal);
    const principals = new Set(broken.map((one) => one.seat.principal));
    const isBroken =
      own.length >= breakerThreshold || (principals.size > 1 && broken.length >= breakerThreshold);
    if (isBroken) this.#facts.happened("held back by a breaker");
    return isBroken;
  }

  #isRefused({ seat, ticket }: Demand): boolean {
    const own = this.#own(seat, ticket?.subject).filter(({ says }) => says === "credential is refused");
    const isRefused = own.length >= this.#facts.limits.breakerThreshold;
    if (isRefused) this.#facts.happened("credential held back");
    return isRefused;
  }

  /** Failures under the same key; subjects are unknown before a start is opened, and where a scope has no user. */
  #own(seat: Seat, subject: string | undefined): Known[] {
    return this.#failures.filter(
      (one) => one.seat === seat && (one.subject ?? subject) === (subject ?? one.subject),
    );
  }
}
