import {
  TenantryError,
  withDetails,
  type CallToolResult,
  type Delivery,
  type JsonObject,
} from "@tenantry/core";
import type {
  AllowedCall,
  Around,
  GivenInterceptor,
  InterceptedCall,
  Interceptor,
  InterceptorParts,
  Next,
} from "./interceptor.ts";

/** Makes a call with arguments that have been checked; `changed` where they are not the caller's own. */
export type Send = (args: object, changed: boolean) => Promise<CallToolResult>;

/** All interceptors of a workspace, in their order. */
export class InterceptorChain {
  readonly #arounds: readonly Around[];
  readonly #listeners: readonly NonNullable<Interceptor["refused"]>[];

  /** Throws `CONFIG_INVALID`, naming the path of what is no interceptor. */
  constructor(
    given: readonly { readonly interceptors: readonly GivenInterceptor[]; readonly path: string }[],
    parts: InterceptorParts,
  ) {
    const all = given.flatMap(({ interceptors, path }) => bindAll(interceptors, path, parts));
    this.#arounds = all.flatMap((one) => one.around?.bind(one) ?? []);
    this.#listeners = all.flatMap((one) => one.refused?.bind(one) ?? []);
  }

  /** Whether a call passes through any. */
  get wraps(): boolean {
    return this.#arounds.length > 0;
  }

  /** Whether anybody hears of calls that are refused. */
  get hears(): boolean {
    return this.#listeners.length > 0;
  }

  /** Makes a call through all of them. */
  run(call: AllowedCall, send: Send): Promise<CallToolResult> {
    const [first] = this.#arounds;
    return first === undefined ? send(call.arguments, false) : this.#through(call, send, 0);
  }

  /** Tells of a call that is refused; what goes wrong with that changes nothing. */
  async refused(call: InterceptedCall, error: TenantryError): Promise<void> {
    await Promise.allSettled(this.#listeners.map(async (hear) => hear(call, error)));
  }

  async #through(call: AllowedCall, send: Send, at: number): Promise<CallToolResult> {
    const around = this.#arounds[at];
    if (around === undefined) return send(call.arguments, false);
    const progress: { delivery: Delivery; isUsed: boolean } = { delivery: "unsent", isUsed: false };
    const next: Next = async (args) => {
      if (progress.isUsed) throw usedTwice();
      progress.isUsed = true;
      try {
        const result = await this.#onward(call, send, at + 1, args);
        progress.delivery = "answered";
        return result;
      } catch (failure) {
        if (failure instanceof TenantryError) progress.delivery = failure.delivery;
        throw failure;
      }
    };
    try {
      return await around(call, next);
    } catch (failure) {
      // An abort's reason is the caller's own.
      if (failure instanceof TenantryError || (call.signal.aborted && failure === call.signal.reason))
        throw failure;
      throw failed(failure, progress.delivery);
    }
  }

  #onward(call: AllowedCall, send: Send, at: number, args: object | undefined): Promise<CallToolResult> {
    if (args === undefined || args === call.arguments) return this.#through(call, send, at);
    // What is sent is what was allowed, whoever has changed it.
    const changed: Send = (given) => send(given, true);
    return this.#through({ ...call, arguments: args as JsonObject }, changed, at);
  }
}

function bindAll(
  given: readonly GivenInterceptor[],
  path: string,
  parts: InterceptorParts,
): readonly Interceptor[] {
  if (!Array.isArray(given))
    throw new TenantryError("CONFIG_INVALID", `${path}: expected a list of interceptors.`);
  return (given as readonly GivenInterceptor[]).map((one, at) => {
    if (typeof one === "function") return { around: one };
    const known = typeof one === "object" && (one as object | null) !== null ? one : {};
    try {
      if ("bind" in known) return known.bind(parts);
    } catch (failure) {
      if (!(failure instanceof TenantryError)) throw failure;
      throw withDetails(new TenantryError("CONFIG_INVALID", `${path}.${at}: ${textOf(failure)}`), {
        cause: failure,
      });
    }
    const { around, refused } = known as Interceptor;
    const isOne = [around, refused].some((hook) => typeof hook === "function");
    if (isOne && [around, refused].every((hook) => hook === undefined || typeof hook === "function"))
      return known;
    const expected = "a function, or an object with the function around, refused or both";
    throw new TenantryError("CONFIG_INVALID", `${path}.${at}: expected ${expected}.`);
  });
}

function textOf({ message }: TenantryError): string {
  return message.replace(/^\[\w+\] /u, "");
}

function usedTwice(): TenantryError {
  const message =
    "An interceptor has made this call already; make another one from outside, if it may run twice.";
  return new TenantryError("ARGUMENT_INVALID", message);
}

function failed(cause: unknown, delivery: Delivery): TenantryError {
  const when = delivery === "unsent" ? "so the call was not made" : "although the call may have been made";
  return new TenantryError("CALL_DENIED", `An interceptor failed, ${when}; the cause says why.`, {
    cause,
    delivery,
  });
}
