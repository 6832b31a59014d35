import { inputRequiredOf, type Clock, type Timer } from "@tenantry/core";
import { keyOf } from "../door/caller.ts";
import type { Exchange, Verb } from "../exchange/exchange.ts";
import { canBeAsked } from "../exchange/said.ts";
import { Tally } from "../exchange/tally.ts";
import type { GatewayLimits } from "../limits.ts";
import { invalidParams, Refused } from "../wire/failure.ts";
import { isObject } from "../wire/message.ts";
import { Elsewhere } from "./elsewhere.ts";
import { HeldCall, subjectOf } from "./held-call.ts";

/** What a state holds that a client brings back: a server's own, or where its call waits. */
type State = { readonly method: string; readonly subject: string } & (
  | { readonly kind: "server"; readonly state: string }
  | { readonly kind: "held"; readonly replica: string; readonly call: string; readonly round: number }
);

/** A call that waits for its client. */
interface Held {
  readonly call: HeldCall;
  readonly owner: string;
  readonly timer: Timer;
}

/** What rounds are kept with. */
export interface InputRoundsOptions {
  readonly replica: string;
  readonly limits: GatewayLimits;
  readonly clock: Clock;
}

/**
 * Has modern clients asked what servers want to know, round by round (MCP 2026-07-28, multi round-trip requests). A modern
 * server's question goes to the client as it is, and its state comes back sealed. What a legacy server asks in the middle
 * of a call is asked in the same way, while the call waits in this process.
 */
export class InputRoundsOfClients {
  readonly #options: InputRoundsOptions;
  readonly #held = new Map<string, Held>();
  readonly #tally: Tally;

  constructor(options: InputRoundsOptions) {
    this.#options = options;
    this.#tally = new Tally(options.limits.maxHeldCallsPerPrincipal);
  }

  /** How many calls wait for their clients. */
  get size(): number {
    return this.#held.size;
  }

  /** Does a method in which a server may ask; gives its result, or what the client has to answer first. */
  async run(exchange: Exchange, verb: Verb): Promise<object> {
    const { params, capabilities } = exchange;
    const { inputResponses: responses, requestState } = params;
    if (responses !== undefined && !isObject(responses)) throw invalidParams("inputResponses is an object.");
    const state = requestState === undefined ? undefined : await this.#open(exchange, requestState);
    if (state?.kind === "held") {
      const call = this.#take(state);
      call.resume(exchange, responses ?? {});
      return this.#next(call, exchange);
    }
    const rounds = {
      capabilities,
      ...(responses !== undefined && { responses: responses as never }),
      ...(state !== undefined && { state: state.state }),
    };
    if (canBeAsked(capabilities)) return this.#next(new HeldCall(exchange, verb, rounds), exchange);
    return this.#sealed(await verb({ ...exchange, options: { ...exchange.options, rounds } }), exchange);
  }

  /** Gives up every call that waits. */
  close(reason: unknown): void {
    for (const [id, { call }] of this.#held) {
      this.#release(id);
      call.end(reason);
    }
  }

  async #next(call: HeldCall, exchange: Exchange): Promise<object> {
    const next = await call.next();
    if (next.kind === "asked") return this.#hold(call, next.inputRequests, exchange);
    return this.#sealed(next.result, exchange);
  }

  /** Gives a server's own state to the client in a form that comes back unchanged, from this client and for this request. */
  async #sealed(result: object, exchange: Exchange): Promise<object> {
    const own = inputRequiredOf(result)?.requestState;
    if (own === undefined) return result;
    const state: State = { kind: "server", state: own, ...aboutOf(exchange) };
    return { ...result, requestState: await this.#seal(exchange, state) };
  }

  async #hold(call: HeldCall, inputRequests: object, exchange: Exchange): Promise<object> {
    const { limits, clock, replica } = this.#options;
    const owner = keyOf(exchange.principal);
    exchange.signal.throwIfAborted();
    if (this.#held.size >= limits.maxHeldCalls || !this.#tally.enter(owner)) {
      call.end(new Error("Too many calls wait for their clients."));
      throw new Refused({ status: 200, code: -32_603, message: "Too many calls wait for answers already." });
    }
    call.detach();
    const gone = () => {
      this.#release(call.id);
      call.end(new Error("The client did not come back."));
    };
    this.#held.set(call.id, { call, owner, timer: clock.after(limits.answerMs, gone) });
    // Its own deadline goes on while its client is away.
    call.onFailure(() => this.#release(call.id));
    const state: State = {
      ...{ kind: "held", replica, call: call.id, round: call.round },
      ...aboutOf(exchange),
    };
    return {
      resultType: "input_required",
      inputRequests,
      requestState: await this.#seal(exchange, state),
    };
  }

  /** Takes the call that a state of the principal's own names. */
  #take({ replica, call: id, round }: Extract<State, { kind: "held" }>): HeldCall {
    if (replica !== this.#options.replica) throw new Elsewhere(replica);
    const held = this.#held.get(id);
    if (held?.call.round !== round)
      throw invalidParams("The call does not wait for this any more; it may have run.", 404);
    this.#release(id);
    return held.call;
  }

  #release(id: string): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    this.#held.delete(id);
    held.timer.cancel();
    this.#tally.leave(held.owner);
  }

  #seal({ handles, principal, limits }: Exchange, state: State): Promise<string> {
    return handles.seal("round", principal, state, limits.answerMs);
  }

  async #open({ handles, principal, method, params }: Exchange, given: unknown): Promise<State> {
    const opened = await handles.open<State>("round", principal, given);
    if (opened.kind !== "own") throw noState();
    if (opened.value.method === method && opened.value.subject === subjectOf(params)) return opened.value;
    throw noState();
  }
}

function aboutOf({ method, params }: Exchange): { readonly method: string; readonly subject: string } {
  return { method, subject: subjectOf(params) };
}

/** Unknown, over, changed, about something else and somebody else's look the same. */
function noState(): Refused {
  return invalidParams("There is no such requestState.", 404);
}
