import { principalOf, type Lease, type Principal, type Target } from "@tenantry/core";
import type { Pool } from "../src/index.ts";
import { callsOf, type Seat } from "./cast.ts";
import { pick, type Of } from "./commands.ts";
import type { Demand } from "./demand.ts";
import type { Link } from "./fakes/link.ts";
import type { Turns } from "./fakes/turns.ts";
import { failureOf } from "./fakes/verdict.ts";
import type { Model } from "./model.ts";

/** What {@link Callers} are made of. */
export interface CallersOptions {
  readonly pool: Pool<Link>;
  readonly model: Model;
  /** Who waits for what else happens. */
  readonly turns: Turns;
}

/** Everybody who calls the pool, and what they have of it. */
export class Callers {
  readonly #options: CallersOptions;
  readonly #leases: { readonly lease: Lease<Link>; readonly link: Link }[] = [];
  /** Ends the work of those who work until they are told. */
  readonly #working: (() => void)[] = [];
  #count = 0;

  constructor(options: CallersOptions) {
    this.#options = options;
  }

  /** Somebody calls. */
  ask(action: Of<"run" | "acquire">, seat: Seat, target: Target): void {
    const { pool, model } = this.#options;
    const demand = this.#demand(action, seat);
    const { abort, resend, guest } = demand;
    const options = { context: { demand }, signal: abort.signal, resend, principal: guest };
    model.calls.asks(demand);
    const outcome =
      action.kind === "run"
        ? pool.run(target, (link, attempt) => this.#work(link, demand, action, attempt), options)
        : pool.acquire(target, options).then((lease) => this.#keep(lease, demand));
    outcome.then(
      (value) => model.calls.resolved(demand, value),
      (reason: unknown) => model.calls.rejected(demand, reason),
    );
  }

  /** Somebody gives a lease back, twice as it may be. */
  release(index: number): void {
    const held = pick(this.#leases, index);
    if (held === undefined) return;
    this.#leases.splice(this.#leases.indexOf(held), 1);
    this.#options.model.calls.releases(held.link);
    held.lease.release();
    held.lease.release();
  }

  /** Somebody who works until they are told is told. */
  tell(index: number): void {
    const [end] = this.#working.splice(index % Math.max(1, this.#working.length), 1);
    end?.();
  }

  /** Somebody leaves. */
  abort(index: number): void {
    const { model } = this.#options;
    const demand = pick([...model.facts.demands], index);
    if (demand === undefined || demand.abort.signal.aborted) return;
    demand.abort.abort(new Error(`Caller ${demand.id} has left.`));
    model.calls.aborts(demand);
  }

  /** Ends all work and gives all leases back; tells whether there was anything. */
  finish(): boolean {
    const isAny = this.#working.length + this.#leases.length > 0;
    while (this.#working.length > 0) this.tell(0);
    while (this.#leases.length > 0) this.release(0);
    return isAny;
  }

  #demand(action: Of<"run" | "acquire">, seat: Seat): Demand {
    const { facts } = this.#options.model;
    const id = ++this.#count;
    const guest = action.kind === "run" ? guestOf(seat, id) : undefined;
    const name = guest && `${guest.workspace}/${guest.user}`;
    return {
      id,
      kind: action.kind,
      seat,
      as: seat.scope.share === "user" ? action.as : 0,
      guest,
      principals: name === undefined ? [seat.principal] : [seat.principal, name],
      callBounds: name === undefined ? seat.callBounds : [...seat.callBounds, callsOf(name)],
      resend: action.kind === "run" ? action.resend : "refused",
      abort: new AbortController(),
      moment: facts.tick(),
      beganAt: facts.now(),
      isLate: facts.closed !== undefined,
      ticket: undefined,
      waitsFor: undefined,
      attempts: 0,
      worksOn: undefined,
      carried: undefined,
      failure: undefined,
      failedAt: 0,
      answer: undefined,
    };
  }

  #keep(lease: Lease<Link>, demand: Demand): void {
    const link = lease.connection;
    this.#options.model.calls.leases(link, demand);
    this.#leases.push({ lease, link });
  }

  async #work(link: Link, demand: Demand, { first, second }: Of<"run">, attempt: number): Promise<object> {
    const { calls } = this.#options.model;
    const { verdict, hangs } = attempt === 1 ? first : second;
    calls.works(link, demand, attempt);
    if (hangs) await new Promise<void>((resolve) => this.#working.push(resolve));
    else await this.#options.turns.take();
    const failure = failureOf(verdict, demand.seat);
    calls.hasWorked(link, demand, failure);
    if (failure) throw failure.error;
    demand.answer = { verdict };
    return demand.answer;
  }
}

/** Where many share a connection, most calls are somebody's. */
function guestOf({ scope }: Seat, id: number): Principal | undefined {
  if (scope.share === "user" || id % 3 === 0) return undefined;
  return principalOf({ workspace: "acme", user: id % 3 === 1 ? "ada" : "bob" });
}
