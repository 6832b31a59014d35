import {
  raceAbort,
  scopeParts,
  secret,
  TenantryError,
  type Clock,
  type CredentialRequest,
  type Secret,
} from "@tenantry/core";
import { ValueCache } from "./value-cache.ts";
import { checkTtl, textOf, type BoundSource, type ValueSource } from "./value-source.ts";

/** What the host's function is asked. */
export interface ValueFunctionRequest extends CredentialRequest {
  /** Aborts when the asking request does, or when the function's time is over. */
  readonly signal: AbortSignal;
}

/** A host's own way to a value; `undefined` means that there is none for this request. */
export type ValueFunction = (
  request: ValueFunctionRequest,
) => string | Secret | undefined | Promise<string | Secret | undefined>;

/** How the function is called. */
export interface ValueFunctionOptions {
  /** How long it may take, in milliseconds; defaults to 30,000. */
  readonly timeoutMs?: number;
  /**
   * For how long its value is given again to the same user in the same conversation, or to those who share a connection,
   * in milliseconds; defaults to not at all: it is asked for every request.
   */
  readonly ttlMs?: number;
}

/**
 * Asks the host's own function, for every request or, with `ttlMs`, once for all of one user's requests meanwhile. When
 * the server has refused a value, `rejected` tells which generation, so that the function can give a fresh one. A function
 * that takes too long fails with `TIMEOUT`.
 */
export function fromFunction(fn: ValueFunction, options: ValueFunctionOptions = {}): ValueSource {
  const { timeoutMs = 30_000, ttlMs } = options;
  if (typeof fn !== "function") {
    throw new TenantryError("CREDENTIAL_INVALID", "fromFunction() takes a function that gives the value.");
  }
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 86_400_000) {
    throw new TenantryError(
      "CREDENTIAL_INVALID",
      "The timeoutMs of fromFunction() must be a whole number of milliseconds, from 1 to 86,400,000.",
    );
  }
  if (ttlMs !== undefined) checkTtl(ttlMs, "fromFunction()");
  const source: BoundSource = Object.freeze({
    describe: () => "a value from the function in fromFunction()",
    read: (request: CredentialRequest, clock: Clock) => callWithin(timeoutMs, fn, request, clock),
  });
  if (ttlMs === undefined) return source;
  // What is kept belongs to whoever binds the source, so that two instances share nothing.
  return Object.freeze<ValueSource>({ ...source, bind: ({ clock }) => kept(source, ttlMs, clock) });
}

/** The same, asked once for each scope and server: a value that was made from one user's context is that user's alone. */
function kept({ describe, read }: BoundSource, ttlMs: number, clock: Clock): BoundSource {
  const cache = new ValueCache<null>(ttlMs, clock);
  return Object.freeze<BoundSource>({
    describe,
    read(request) {
      const { scope, server } = request;
      const id = JSON.stringify([server.id, server.digest, ...scopeParts(scope)]);
      return cache.read(id, null, request, async (signal) => {
        const text = textOf(await read({ ...request, signal }, clock));
        return text === undefined ? undefined : secret(text);
      });
    },
  });
}

async function callWithin(
  timeoutMs: number,
  fn: ValueFunction,
  { signal: caller, ...facts }: CredentialRequest,
  clock: Clock,
) {
  caller?.throwIfAborted();
  const late = new AbortController();
  const signal = caller === undefined ? late.signal : AbortSignal.any([caller, late.signal]);
  const expire = () => {
    const why = `The function in fromFunction() took longer than ${timeoutMs} ms; try again, or give it a longer timeoutMs.`;
    late.abort(new TenantryError("TIMEOUT", why, { retryable: true }));
  };
  // Somebody waits: without this the process could end, and the caller would never hear of it.
  const timer = clock.after(timeoutMs, expire, { keepAlive: true });
  try {
    return await raceAbort(Promise.resolve(fn({ ...facts, signal })), signal);
  } finally {
    timer.cancel();
  }
}
