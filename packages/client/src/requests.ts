import { inputRequiredOf, tell, TenantryError, type Deviation, type RequestOptions } from "@tenantry/core";
import { answerRound } from "./asking/input-rounds.ts";
import { beginRound, checkRound } from "./asking/passed-rounds.ts";
import type { ServerRequests } from "./asking/server-requests.ts";
import type { EraDoubt } from "./era/era-doubt.ts";
import type { Errand } from "./errand.ts";
import { spoken } from "./failure.ts";
import type { Link } from "./link.ts";
import type { Fields } from "./message.ts";
import type { OpenDependencies } from "./opened.ts";
import type { Repairs } from "./repairs.ts";
import type { Results } from "./results.ts";

/** What the requests of one connection are made with. */
export interface RequestsOptions {
  readonly link: Link;
  readonly doubt: EraDoubt;
  readonly repairs: Repairs;
  readonly results: Results;
  /** What it has in common with the connector's other connections. */
  readonly dependencies: Pick<OpenDependencies, "limits">;
}

/** Whoever has what answers the server's own requests, made with the first of them. */
export interface Answerer {
  readonly answering: ServerRequests;
}

/** What is asked for. */
export interface Asked {
  readonly method: string;
  readonly params: Fields | undefined;
  readonly options: RequestOptions;
}

/** Makes the requests of one connection, each until it has its result. */
export class Requests {
  readonly #options: RequestsOptions;

  readonly #answerer: Answerer;

  constructor(options: RequestsOptions, answerer: Answerer) {
    this.#options = options;
    this.#answerer = answerer;
  }

  /** Runs one errand; gives its result as a caller expects it, or throws the typed error. */
  async run(errand: Errand, asked: Asked): Promise<Fields> {
    const { results } = this.#options;
    const { method, params, options } = asked;
    try {
      const result = await this.#pursue(errand, asked);
      if (options.rounds !== undefined && inputRequiredOf(result) !== undefined) return result;
      return results.read(method, params, result, options.onDeviation);
    } catch (failure) {
      if (errand.wasEndedBy(failure)) throw failure;
      const accepted = results.readFailure(method, failure, options.onDeviation);
      if (accepted === undefined) throw failure;
      return accepted;
    }
  }

  /** Makes a request, and makes it once more where what it failed of can be repaired. */
  async #pursue(errand: Errand, asked: Asked): Promise<Fields> {
    const { repairs } = this.#options;
    const isEarly = repairs.isShaking;
    try {
      return await this.#attempt(errand, asked);
    } catch (failure) {
      if (errand.wasEndedBy(failure)) throw failure;
      const send = (method: string, params: Fields) => this.#attempt(errand, { method, params, options: {} });
      const repair = await repairs.find(failure, { ...asked, isEarly }, errand, send);
      if (repair === undefined) throw failure;
      const result = await this.#attempt(errand, asked);
      repair.confirm?.();
      return result;
    }
  }

  /** Sends a request until the server completes it, answering meanwhile what a modern server asks. */
  async #attempt(errand: Errand, { method, params, options }: Asked): Promise<Fields> {
    const { link, doubt, repairs, dependencies } = this.#options;
    const { maxInputRounds } = dependencies.limits;
    const { rounds: passed, logLevel, meta } = options;
    const isPassed = passed !== undefined && link.era === "modern";
    const envelope = { logLevel, meta, ...(isPassed && { capabilities: passed.capabilities }) };
    let round = isPassed ? beginRound(passed) : undefined;
    for (let rounds = 0; ; rounds++) {
      const call = link.call(method, options);
      call.headers = repairs.headersOf(method, params);
      errand.next(call);
      let result: Fields;
      try {
        result = await link.ask(call, round === undefined ? params : { ...params, ...round }, envelope);
        doubt.answered();
      } catch (failure) {
        throw errand.wasEndedBy(failure) ? failure : doubt.revise(failure, method);
      }
      if (link.era === "legacy") return untypedResult(result);
      if (result.resultType === undefined) {
        if (options.onDeviation !== undefined) tell(options.onDeviation, untyped(method));
        return result;
      }
      const { resultType, ...rest } = result;
      if (resultType === "complete") return rest;
      if (resultType !== "input_required") throw unknownResult(method, resultType, call.secrets());
      if (isPassed) return checkRound(result, call, passed);
      if (rounds >= maxInputRounds) throw tooManyRounds(method, maxInputRounds);
      round = await answerRound(rest, call, errand, this.#answerer.answering);
    }
  }
}

/** A legacy result has no type: one that calls itself something was checked by nobody, and is what it is. */
function untypedResult(result: Fields): Fields {
  if (result.resultType === undefined) return result;
  const { resultType: _unchecked, ...rest } = result;
  return rest;
}

function unknownResult(method: string, type: unknown, secrets: readonly string[]): TenantryError {
  const what = `The server answered ${method} with a result of the type ${spoken(type, secrets)}, which was not offered to it.`;
  return new TenantryError("PROTOCOL_VIOLATION", what, { delivery: "answered" });
}

function untyped(method: string): Deviation {
  return { kind: "result_type", message: `The result of ${method} does not say whether it is complete.` };
}

function tooManyRounds(method: string, limit: number): TenantryError {
  const what = `The server asked for more input ${limit} times before it answered ${method}; raise limits.maxInputRounds if that is expected.`;
  return new TenantryError("LIMIT_EXCEEDED", what, { delivery: "answered" });
}
