import {
  TenantryError,
  type Credential,
  type CredentialProvider,
  type CredentialRequest,
} from "@tenantry/core";
import type { Seat } from "../cast.ts";
import type { Demand } from "../demand.ts";
import type { Model } from "../model.ts";
import type { Turns } from "./turns.ts";

/** A credential that knows whose it is. Its strings do not: those of two seats are often the same. */
export interface Ticket extends Credential {
  readonly seat: Seat;
  /** The generation, as a number that grows. */
  readonly version: number;
  readonly askedAt: number;
  readonly answeredAt: number;
}

/** Who asked a provider, where that can be told, and when. */
export interface Question {
  readonly demand: Demand | undefined;
  /** For which of the seat's two grants. */
  readonly as: number;
  readonly moment: number;
}

/** How a provider answers. */
export type Mood = "prompt" | "slow" | "hanging" | "failing";

/** What a provider has for a generation that was refused. */
export type Renewal = "rotates" | "regrants" | "has nothing else";

/** What an {@link Issuer} is made of. */
export interface IssuerOptions {
  readonly seat: Seat;
  readonly model: Model;
  /** Who waits for what else happens. */
  readonly turns: Turns;
}

/** The provider of one seat, with two grants that its context chooses from. It gives what is current when it answers. */
export class Issuer implements CredentialProvider {
  renewal: Renewal = "rotates";
  readonly #options: IssuerOptions;
  readonly #grants = [
    { subject: 0, version: 0 },
    { subject: 1, version: 0 },
  ] as const;
  readonly #open = new Set<Question>();
  #mood: Mood = "prompt";
  /**
   * Whether its answers are no promises. Once some are, all are: the pool numbers answers in the order in which it hears
   * them, and one that is no promise would be heard before one that was given a moment earlier.
   */
  #isAtOnce = true;
  #gate = Promise.withResolvers<void>();

  constructor(options: IssuerOptions) {
    this.#options = options;
  }

  /** Whether somebody waits for its answer. */
  get isAsked(): boolean {
    return this.#open.size > 0;
  }

  /** Changes how it answers; whoever hangs is answered. */
  set mood(mood: Mood) {
    this.#mood = mood;
    this.#isAtOnce &&= mood === "prompt" || mood === "failing";
    this.#gate.resolve();
    this.#gate = Promise.withResolvers();
  }

  /** The current subject of one grant. */
  subject(as: number): string {
    return String(this.#grant(as).subject);
  }

  /** A new generation of the same authority. */
  rotate(as: number): void {
    this.#grant(as).version++;
  }

  /** Another authority. */
  regrant(as: number): void {
    const grant = this.#grant(as);
    grant.subject += 2;
    grant.version++;
  }

  resolve(request: CredentialRequest): Credential | Promise<Credential> {
    const { model, seat, turns } = this.#options;
    const question = model.rules.isolation.asked(seat, request);
    switch (this.#mood) {
      case "prompt":
      case "failing":
        if (this.#isAtOnce) return this.#answer(question, request);
        return this.#answerAfter(Promise.resolve(), question, request);
      case "slow":
        return this.#answerAfter(turns.take(), question, request);
      case "hanging":
        return this.#answerAfter(this.#gate.promise, question, request);
    }
  }

  async #answerAfter(
    until: Promise<void>,
    question: Question,
    request: CredentialRequest,
  ): Promise<Credential> {
    const done = () => void this.#open.delete(question);
    this.#open.add(question);
    request.signal?.addEventListener("abort", done, { once: true });
    await until;
    done();
    return this.#answer(question, request);
  }

  #answer({ demand, as, moment }: Question, { rejected }: CredentialRequest): Ticket {
    const { seat, model } = this.#options;
    if (this.#mood === "failing") {
      const error = new TenantryError("CREDENTIAL_FAILED", "It is to be so.", { server: seat.server.id });
      throw model.facts.authored(error, seat);
    }
    const grant = this.#grant(as);
    if (rejected?.generation === String(grant.version)) this.#renew(as);
    const { subject, version } = grant;
    const ticket = {
      seat,
      version,
      subject: String(subject),
      generation: String(version),
      origins: [],
      askedAt: moment,
      answeredAt: model.facts.tick(),
    };
    model.facts.tell(
      seat,
      () => `answers ${demand?.id ?? "somebody"}: subject ${subject}, generation ${version}`,
    );
    if (demand) demand.ticket = ticket;
    return ticket;
  }

  #renew(as: number): void {
    switch (this.renewal) {
      case "rotates":
        return this.rotate(as);
      case "regrants":
        return this.regrant(as);
      case "has nothing else":
        return;
    }
  }

  #grant(as: number): { subject: number; version: number } {
    return this.#grants[as === 0 ? 0 : 1];
  }
}
