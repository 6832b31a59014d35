import type { PoolLimits } from "../src/limits.ts";
import type { Seat } from "./cast.ts";
import { Facts } from "./facts.ts";
import { Blame } from "./rules/blame.ts";
import { Caps } from "./rules/caps.ts";
import { Endings } from "./rules/endings.ts";
import { Isolation } from "./rules/isolation.ts";
import { Liveness } from "./rules/liveness.ts";
import { Outcomes } from "./rules/outcomes.ts";
import { Calls } from "./watch/calls.ts";
import { Openings } from "./watch/openings.ts";
import { Orders } from "./watch/orders.ts";

/** What a {@link Model} is made of. */
export interface ModelOptions {
  readonly limits: PoolLimits;
  readonly now: () => number;
  /** Whether the provider of a seat owes an answer. */
  readonly isAsked: (seat: Seat) => boolean;
}

/** Everything that must hold. */
export interface Rules {
  readonly isolation: Isolation;
  readonly endings: Endings;
  readonly caps: Caps;
  readonly liveness: Liveness;
  readonly blame: Blame;
  readonly outcomes: Outcomes;
}

/** Watches one pool from outside: it is told of everything that the pool does, and asks the rules about it. */
export class Model {
  readonly facts: Facts;
  readonly rules: Rules;
  readonly calls: Calls;
  readonly openings: Openings;
  readonly orders: Orders;

  constructor({ limits, now, isAsked }: ModelOptions) {
    const facts = new Facts(limits, now);
    const caps = new Caps(facts);
    const blame = new Blame(facts);
    const rules = {
      isolation: new Isolation(facts),
      endings: new Endings(facts),
      caps,
      liveness: new Liveness({ facts, caps, isAsked }),
      blame,
      outcomes: new Outcomes(facts, blame),
    };
    this.facts = facts;
    this.rules = rules;
    this.calls = new Calls(facts, rules);
    this.openings = new Openings(facts, rules);
    this.orders = new Orders(facts, rules);
  }

  /** Nothing happens by itself any more. Throws the first violation that there was. */
  quiet(): void {
    const { facts, rules } = this;
    facts.check();
    facts.story?.push("quiet");
    const stats = facts.stats();
    rules.endings.quiet(stats);
    rules.caps.quiet(stats);
    rules.liveness.quiet(stats);
    facts.quietTimes++;
    facts.check();
  }
}
