import type { TenantryError } from "@tenantry/core";
import type { Seat } from "../cast.ts";
import type { Demand } from "../demand.ts";
import type { Facts } from "../facts.ts";
import type { Failure } from "../fakes/verdict.ts";

interface Known extends Pick<Failure, "says" | "holdMs"> {
  readonly seat: Seat;
  /** Whose failure it was: that of whom the connection serves, or of a guest on it. */
  readonly by: string;
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
  failed(
    seat: Seat,
    subject: string | undefined,
    { says, holdMs }: Pick<Failure, "says" | "holdMs">,
    by = seat.principal,
  ): void {
    if (says !== "nothing") this.#failures.push({ seat, by, subject, says, holdMs, at: this.#facts.now() });
  }

  /** The pool refused a caller by itself. */
  refused(demand: Demand, error: TenantryError): void {
    const { seat, principals } = demand;
    const author = this.#facts.authorOf(error.cause);
    const by = author?.demand?.principals.at(-1) ?? author?.seat.principal;
    if (by !== undefined && !principals.includes(by))
      this.#facts.violated("isolation", `${seat.name}: is told of the failure of ${by}`);
    const isExplained =
      error.code === "SERVER_UNAVAILABLE"
        ? this.#isHeld(demand) || this.#isBroken(demand)
        : this.#isRefused(demand);
    if (!isExplained) this.#facts.violated("blame", `${seat.name}: is refused for nothing that it did`);
  }

  #isHeld(demand: Demand): boolean {
    const { limits, now } = this.#facts;
    const isHeld = this.#own(demand).some(
      ({ holdMs, at }) => holdMs > 0 && now() < at + Math.min(holdMs, limits.maxHoldMs),
    );
    if (isHeld) this.#facts.happened("held back by the server");
    return isHeld;
  }

  #isBroken(demand: Demand): boolean {
    const { origin } = demand.seat;
    const there = this.#failures.filter(({ seat }) =>
      origin === undefined ? isSamePipe(seat, demand.seat) : seat.origin === origin,
    );
    const broken = there.filter(({ says }) => says === "way is broken");
    const isForAll = new Set(broken.map(({ by }) => by)).size > 1 && this.#areEnough(broken);
    const isBroken = this.#areEnoughOfOne(demand, broken) || (origin !== undefined && isForAll);
    if (isBroken) this.#facts.happened("held back by a breaker");
    return isBroken;
  }

  #isRefused(demand: Demand): boolean {
    const refused = this.#own(demand).filter(({ says }) => says === "credential is refused");
    const isRefused = this.#areEnoughOfOne(demand, refused);
    if (isRefused) this.#facts.happened("credential held back");
    return isRefused;
  }

  #areEnough({ length }: readonly Known[]): boolean {
    return length >= this.#facts.limits.breakerThreshold;
  }

  /** Whether those of one whose failures may be held against the caller are as many as it takes. */
  #areEnoughOfOne({ principals }: Demand, failures: readonly Known[]): boolean {
    return principals.some((principal) => this.#areEnough(failures.filter(({ by }) => by === principal)));
  }

  /** Those with the same key; subjects are unknown before a start is opened, and where a scope has no user. */
  #own({ seat, ticket, principals }: Demand): Known[] {
    const subject = ticket?.subject;
    return this.#failures.filter(
      (one) =>
        one.seat === seat &&
        principals.includes(one.by) &&
        (one.subject ?? subject) === (subject ?? one.subject),
    );
  }
}

/** Whether both are of one server behind a pipe in one workspace, in whatever sessions. */
function isSamePipe(one: Seat, other: Seat): boolean {
  return one.server === other.server && one.workspace === other.workspace;
}
