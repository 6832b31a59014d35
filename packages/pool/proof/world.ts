import type { Target } from "@tenantry/core";
import type { createPool, Pool, Selection } from "../src/index.ts";
import { stepClock } from "../test/step-clock.ts";
import { Callers } from "./callers.ts";
import { seats, serverCount, type Seat } from "./cast.ts";
import { pick, type Action, type Of, type Setting, type Step } from "./commands.ts";
import { chance } from "./fakes/chance.ts";
import { Issuer } from "./fakes/issuer.ts";
import type { Link, Session } from "./fakes/link.ts";
import { Network } from "./fakes/network.ts";
import { Turns } from "./fakes/turns.ts";
import { Model } from "./model.ts";

/** A pool in a small world, in which everything happens when it is told to. */
export class World {
  readonly model: Model;
  readonly #setting: Setting;
  readonly #clock = stepClock();
  readonly #turns = new Turns();
  readonly #network: Network;
  readonly #issuers: ReadonlyMap<Seat, Issuer>;
  readonly #targets: ReadonlyMap<Seat, Target>;
  readonly #pool: Pool<Link>;
  readonly #callers: Callers;
  /** Orders of the host that are being carried out. */
  readonly #orders = new Set<Promise<void>>();

  constructor(create: typeof createPool, setting: Setting) {
    const { limits, seed } = setting;
    const clock = this.#clock;
    const turns = this.#turns;
    const isAsked = (seat: Seat) => this.#issuers.get(seat)?.isAsked === true;
    const model = new Model({ limits, now: clock.now, isAsked });
    this.model = model;
    this.#setting = setting;
    this.#network = new Network({ ...setting, model, turns });
    this.#issuers = new Map(seats.map((seat) => [seat, new Issuer({ seat, model, turns })]));
    this.#targets = new Map(seats.map((seat) => [seat, this.#targetOf(seat)]));
    const { connector } = this.#network;
    this.#pool = create<Link, Session>({ connector, limits, clock, random: chance(seed) });
    this.#callers = new Callers({ pool: this.#pool, model, turns });
    model.facts.stats = () => this.#pool.stats();
  }

  /** Lets one thing happen, and all else go on a little; `undefined` where the next thing happens in the same moment. */
  take(step: Step): Promise<void> | undefined {
    const acting = this.#begin(step.action);
    if (acting || step.ticks > 0 || this.#isCalm(step)) return this.#goOn(acting, step);
    this.#give(step.turns);
    this.model.facts.check();
    return undefined;
  }

  /** Tells the pool to close. */
  close(isInTheMiddle = true): void {
    if (this.model.facts.closed) return;
    this.model.orders.closes(isInTheMiddle);
    this.#carryOut(this.#pool.close());
  }

  /** Answers whatever is open until everybody has an outcome, closes the pool and finds nothing left of it. */
  async finish(): Promise<void> {
    const { facts, rules } = this.model;
    for (const issuer of this.#issuers.values()) issuer.mood = "prompt";
    for (const seat of seats) this.#network.lend(seat, "prompt");
    await this.#windDown();
    this.close(false);
    await this.#windDown();
    rules.endings.finished();
    const { connections, waiting, entries } = this.#pool.stats();
    const isEmpty = connections + waiting + entries.length === 0;
    if (!isEmpty) facts.violated("closing", "the pool tells of something that is left");
    if (this.#clock.pending > 0) facts.violated("closing", "a timer is left");
    this.#act({ kind: "acquire", scope: 0, server: 0, as: 0 });
    await this.#quiet();
  }

  async #goOn(acting: Promise<void> | undefined, step: Step): Promise<void> {
    if (acting) await acting;
    this.#give(step.turns);
    if (this.#isCalm(step)) return this.#quiet();
    for (let tick = 0; tick < step.ticks; tick++) await Promise.resolve();
    this.model.facts.check();
  }

  #isCalm({ haste }: Step): boolean {
    return haste <= this.#setting.calm;
  }

  #give(turns: readonly number[]): void {
    for (const index of turns) this.#turns.give(index);
  }

  async #windDown(): Promise<void> {
    const { facts } = this.model;
    for (let round = 0; round < 60; round++) {
      while (this.#turns.give(0));
      await this.#quiet();
      const { pending } = this.#network;
      for (const start of pending) this.#network.arrive(start);
      if (this.#callers.finish() || pending.length + this.#turns.count > 0) continue;
      if (facts.demands.size === 0 && this.#orders.size === 0) return;
      await this.#pass(100);
    }
    for (const { seat } of facts.demands) facts.violated("liveness", `${seat.name}: somebody has no outcome`);
    facts.violated("liveness", "what the host ordered is not done");
    facts.check();
  }

  async #quiet(): Promise<void> {
    await settle();
    this.model.quiet();
  }

  /** Begins what takes time; does all else at once. */
  #begin(action: Action): Promise<void> | undefined {
    switch (action.kind) {
      case "rotate":
      case "regrant":
      case "provider":
        return this.#provide(action);
      case "pass":
        return this.#pass(action.ms);
      default:
        this.#act(action);
        return undefined;
    }
  }

  #act(action: Exclude<Action, Of<"rotate" | "regrant" | "provider" | "pass">>): void {
    switch (action.kind) {
      case "run":
      case "acquire": {
        const seat = this.#seat(action);
        return this.#callers.ask(action, seat, this.#targets.get(seat) as Target);
      }
      case "release":
        return this.#callers.release(action.index);
      case "tell":
        return this.#callers.tell(action.index);
      case "abort":
        return this.#callers.abort(action.index);
      case "arrive":
      case "fail":
      case "lose":
        return this.#meet(action);
      case "upstream":
        return this.#network.lend(this.#seat(action), action.lending);
      case "revoke":
      case "drain":
        return this.#order(action);
    }
  }

  /** Something happens to an opening or a connection. */
  #meet(action: Of<"arrive" | "fail" | "lose">): void {
    if (action.kind === "lose") {
      const link = pick([...this.model.facts.links], action.index);
      return link && this.model.openings.loses(link);
    }
    const start = pick(this.#network.pending, action.index);
    if (start === undefined) return;
    if (action.kind === "arrive") this.#network.arrive(start, action);
    else this.#network.fail(start, action.refusal);
  }

  /** What a provider has changes while nobody looks, or an answer of before could be numbered after one of later. */
  async #provide(action: Of<"rotate" | "regrant" | "provider">): Promise<void> {
    const issuer = this.#issuerOf(this.#seat(action));
    await settle();
    if (action.kind === "rotate") issuer.rotate(action.as);
    else if (action.kind === "regrant") issuer.regrant(action.as);
    else {
      issuer.mood = action.mood;
      issuer.renewal = action.renewal;
    }
    await settle();
  }

  #order(action: Of<"revoke" | "drain">): void {
    const selection = this.#selection(action);
    const { orders } = this.model;
    if (action.kind === "revoke")
      return this.#carryOut(orders.revokes(selection, () => this.#pool.revoke(selection)));
    orders.drains(selection);
    this.#carryOut(this.#pool.drain(selection));
  }

  #selection({ by, as, ...who }: Of<"revoke" | "drain">): Selection {
    const seat = this.#seat(who);
    const { workspace, scope } = seat;
    const own = scope.share === "user" ? scope : undefined;
    const user = own && { user: own.user };
    const session = own?.session === undefined ? undefined : { session: own.session };
    const server = seat.server.id;
    const subject = this.#issuerOf(seat).subject(as);
    if (workspace === undefined) return by === "subject" ? { subject } : { server };
    switch (by) {
      case "server":
        return { server };
      case "subject":
        return { subject };
      case "workspace":
        return { workspace };
      case "user":
        return { workspace, ...user };
      case "session":
        return { workspace, ...user, ...session };
      case "everything":
        return { workspace, ...user, ...session, server, subject };
    }
  }

  #carryOut(order: Promise<void>): void {
    const done = () => void this.#orders.delete(order);
    this.#orders.add(order);
    order.then(done, (reason: unknown) => {
      done();
      this.model.facts.violated("outcomes", `an order fails: ${String(reason)}`);
    });
  }

  /** Time passes; promises settle between any two timers. */
  async #pass(ms: number): Promise<void> {
    const until = this.#clock.now() + ms;
    await settle();
    while (this.#clock.fire(until)) await settle();
  }

  #seat({ scope, server }: { readonly scope: number; readonly server: number }): Seat {
    const { scopes, servers } = this.#setting;
    return seats[(pick(scopes, scope) ?? 0) * serverCount + (pick(servers, server) ?? 0)] as Seat;
  }

  #issuerOf(seat: Seat): Issuer {
    return this.#issuers.get(seat) as Issuer;
  }

  #targetOf(seat: Seat): Target {
    const { scope, server, hasCredential } = seat;
    const upstream = this.#network.upstreamOf(seat);
    const own = hasCredential && { credentials: this.#issuerOf(seat) };
    return Object.freeze({ scope, server, upstream, ...own });
  }
}

/** Lets every promise that can settle do so: a tick comes when none of them is left to run. */
function settle(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
