import type { InputRequest, InputRounds } from "@tenantry/core";
import type { Exchange, Verb } from "../exchange/exchange.ts";
import { randomName } from "../handles/handles.ts";
import { isObject, type Fields } from "../wire/message.ts";
import { handlersOf } from "./handlers.ts";

/** What became of a call: its result, or what its server wants to know first. */
export type Progressed =
  | { readonly kind: "done"; readonly result: object }
  | { readonly kind: "asked"; readonly inputRequests: Readonly<Record<string, InputRequest>> };

interface Question {
  readonly request: InputRequest;
  readonly answer: (answer: Fields) => void;
}

/**
 * One call whose server may ask in the middle of it, for a client that is asked in rounds: while the client is away to find
 * the answers, the call waits here.
 */
export class HeldCall {
  readonly id: string = randomName();
  /** What the call is for: the rounds of one are no rounds of another. */
  readonly method: string;
  readonly subject: string;
  round = 0;
  readonly #exchange: Exchange;
  readonly #controller = new AbortController();
  readonly #questions = new Map<string, Question>();
  readonly #outcome: Promise<Progressed>;
  #asked = Promise.withResolvers<void>();
  #count = 0;
  #leave: (() => void) | undefined;

  constructor(exchange: Exchange, verb: Verb, rounds: InputRounds) {
    this.#exchange = exchange;
    this.method = exchange.method;
    this.subject = subjectOf(exchange.params);
    this.#attach(exchange.signal);
    const { signal } = this.#controller;
    const handlers = handlersOf(exchange.capabilities, (method, params, asking) =>
      this.#ask({ method, ...(params && { params }) } as InputRequest, asking),
    );
    const options = { ...exchange.options, signal, rounds, ...(handlers && { handlers }) };
    this.#outcome = verb({ ...exchange, signal, options }).then((result) => ({ kind: "done", result }));
    this.#outcome.catch(() => {});
  }

  /** Waits until the call is over, or its server wants to know something. */
  async next(): Promise<Progressed> {
    const asked = this.#asked.promise.then((): Progressed => ({
      kind: "asked",
      inputRequests: Object.fromEntries([...this.#questions].map(([key, { request }]) => [key, request])),
    }));
    return Promise.race([this.#outcome, asked]);
  }

  /** Lets the call wait while its client is away: nobody hears of it, and nobody's leaving ends it. */
  detach(): void {
    this.round++;
    this.#leave?.();
    this.#exchange.ear.hearing = undefined;
  }

  /** Goes on for the client that has come back; what it did not answer is asked again. */
  resume({ signal, ear }: Exchange, responses: Fields): void {
    this.#exchange.ear.hearing = ear.hearing;
    this.#attach(signal);
    this.#asked = Promise.withResolvers();
    for (const [key, { answer }] of this.#questions) {
      const response = responses[key];
      if (!isObject(response)) continue;
      this.#questions.delete(key);
      answer(response);
    }
    if (this.#questions.size > 0) this.#asked.resolve();
  }

  /** Runs `task` where the call fails, also while its client is away. */
  onFailure(task: () => void): void {
    this.#outcome.catch(task);
  }

  /** Gives the call up. */
  end(reason: unknown): void {
    this.#controller.abort(reason);
  }

  #attach(signal: AbortSignal): void {
    const leave = () => this.end(signal.reason);
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave, { once: true });
    this.#leave = () => signal.removeEventListener("abort", leave);
  }

  async #ask(request: InputRequest, signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted();
    const key = `question-${++this.#count}`;
    const { promise, resolve, reject } = Promise.withResolvers<Fields>();
    const takeBack = () => {
      this.#questions.delete(key);
      reject(new Error("The server does not want to know any more."));
    };
    signal.addEventListener("abort", takeBack, { once: true });
    this.#questions.set(key, { request, answer: resolve });
    this.#asked.resolve();
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", takeBack);
    }
  }
}

/** What a request is about: the tool, the prompt or the resource; empty where it does not say so in text. */
export function subjectOf({ name, uri }: Fields): string {
  return [name, uri].find((one) => typeof one === "string") ?? "";
}
