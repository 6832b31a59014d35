import type { Connector, Endpoint, Scope, Upstream } from "@tenantry/core";
import type { Seat } from "../cast.ts";
import type { Model } from "../model.ts";
import type { Start } from "../start.ts";
import type { Ticket } from "./issuer.ts";
import { Link, type Session } from "./link.ts";
import type { Turns } from "./turns.ts";
import { refusalOf, type Refusal } from "./verdict.ts";

/** How the endpoint of a seat is lent. */
export type Lending = "prompt" | "slow" | "failing";

/** What a new connection can do. */
export interface Traits {
  readonly adopts: boolean;
  readonly parks: boolean;
}

/** What a {@link Network} is made of. */
export interface NetworkOptions {
  readonly model: Model;
  /** Who waits for what else happens. */
  readonly turns: Turns;
  /** Whether openings are answered in their turn, without being told. */
  readonly opensSoon: boolean;
  /** Whether openings end when they are aborted. */
  readonly heedsAborts: boolean;
  /** Whether closing takes a turn. */
  readonly partsSlowly: boolean;
}

interface Answer {
  readonly resolve: (link: Link) => void;
  readonly reject: (reason: unknown) => void;
}

/** Everything outside the pool that it opens connections through. */
export class Network {
  readonly connector: Connector<Link, Session>;
  readonly #options: NetworkOptions;
  readonly #answers = new Map<Start, Answer>();
  readonly #lending = new Map<Seat, Lending>();

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.connector = {
      open: (endpoint, credential, { resume }) =>
        this.#open(endpoint as unknown as Start, credential as Ticket | undefined, resume),
    };
  }

  /** The openings that wait for an answer. */
  get pending(): Start[] {
    return [...this.#answers.keys()];
  }

  lend(seat: Seat, lending: Lending): void {
    this.#lending.set(seat, lending);
  }

  upstreamOf(seat: Seat): Upstream {
    return {
      endpoint: async (scope: Scope, { signal }) => {
        const { model, turns } = this.#options;
        const start = model.openings.borrows(seat, scope, signal as AbortSignal);
        const lending = this.#lending.get(seat) ?? "prompt";
        if (lending === "failing") throw this.#failed(start, "unreachable");
        if (lending === "slow") await turns.take();
        model.rules.endings.borrowed(start);
        // The pool passes an endpoint on unread, so that it can carry what the connector is to know.
        const endpoint = start as unknown as Endpoint;
        return { endpoint, [Symbol.asyncDispose]: async () => model.rules.endings.returns(start) };
      },
    };
  }

  /** Answers an opening with a connection. */
  arrive(start: Start, { adopts, parks }: Traits = { adopts: true, parks: true }): void {
    const { model, partsSlowly, turns } = this.#options;
    const { seat, ticket, resume, born } = start;
    const begins = (): Session => ({
      seat,
      subject: ticket?.subject,
      bornAt: born.time,
      state: "live",
      parkedAt: 0,
      isRevoked: false,
    });
    const link = new Link({
      start,
      session: resume ?? begins(),
      rules: model.rules,
      facts: model.facts,
      adopts,
      parks,
      parting: async () => {
        if (partsSlowly) await turns.take();
      },
    });
    model.openings.arrives(start, link);
    this.#take(start)?.resolve(link);
  }

  /** Answers an opening with a failure. */
  fail(start: Start, refusal: Refusal): void {
    this.#take(start)?.reject(this.#failed(start, refusal));
  }

  #open(start: Start, ticket: Ticket | undefined, resume: Session | undefined): Promise<Link> {
    const { model, opensSoon, heedsAborts, turns } = this.#options;
    model.openings.opens(start, ticket, resume);
    const { promise, resolve, reject } = Promise.withResolvers<Link>();
    this.#answers.set(start, { resolve, reject });
    if (heedsAborts) start.signal.addEventListener("abort", () => this.#giveUp(start), { once: true });
    if (opensSoon)
      void turns.take().then(() => {
        if (this.#answers.has(start)) this.arrive(start);
      });
    return promise;
  }

  #giveUp(start: Start): void {
    const answer = this.#take(start);
    if (answer === undefined) return;
    this.#options.model.openings.fails(start, undefined);
    answer.reject(start.signal.reason);
  }

  #failed(start: Start, refusal: Refusal): Error {
    const failure = refusalOf(refusal, start.seat);
    this.#options.model.openings.fails(start, failure);
    return failure.error;
  }

  #take(start: Start): Answer | undefined {
    const answer = this.#answers.get(start);
    this.#answers.delete(start);
    return answer;
  }
}
