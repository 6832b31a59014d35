import {
  quote,
  TenantryError,
  type Challenge,
  type Clock,
  type ErrorDetails,
  type RpcError,
} from "@tenantry/core";
import type { Call } from "./call.ts";
import { parseChallenge } from "./http/challenge.ts";
import { redact } from "./http/request-headers.ts";
import { parseRetryAfter } from "./http/retry-after.ts";
import { lacksSession, type RefusedForSession, type SessionStanding } from "./http/session-loss.ts";

/** What a failed HTTP answer says. */
export interface RefusedAnswer extends RefusedForSession {
  readonly headers: Readonly<Record<string, string>>;
}

/** What is known of the request that failed. */
export interface FailureContext {
  /** Names the request in a message. */
  readonly method: string;
  readonly session: SessionStanding;
  readonly secrets: readonly string[];
  readonly clock: Clock;
  readonly maxRetryAfterMs: number;
}

/** The error for an HTTP answer that is not a success. */
export function httpFailure(answer: RefusedAnswer, context: FailureContext): TenantryError {
  const { status, headers } = answer;
  if (status === 401 || status === 403)
    return unauthorized(status, spokenChallenge(headers, context.secrets));
  const rpc = answer.rpc === undefined ? {} : { rpc: answer.rpc };
  if (lacksSession(answer, context.session)) return sessionLost(status, rpc);
  if (status === 408 || status === 429 || status >= 500) {
    const retryAfterMs = parseRetryAfter(
      headers["retry-after"],
      context.clock.now(),
      context.maxRetryAfterMs,
    );
    const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
    // These two are said before a request is worked on; after any other, a tool that was called may have run.
    const isDeferred = status === 429 || (status === 503 && retryAfterMs !== undefined);
    const retryable = isDeferred || context.method !== "tools/call";
    const details: ErrorDetails = { status, delivery: "unknown", retryable, ...wait, ...rpc };
    const message = retryable
      ? `The server cannot answer now (HTTP ${status}); try again later.`
      : `The server failed (HTTP ${status}) and the tool may have run; find out whether it did before you call it again.`;
    return new TenantryError("SERVER_UNAVAILABLE", message, details);
  }
  const said = answer.rpc === undefined ? "" : `: ${spoken(answer.rpc.message, context.secrets)}`;
  return new TenantryError(
    "SERVER_ERROR",
    `The server refused ${context.method} with HTTP ${status}${said}; check the server's url and era.`,
    { status, delivery: "answered", ...rpc },
  );
}

/** The error for a JSON-RPC error, whose object it carries untouched. */
export function serverError(
  method: string,
  rpc: RpcError,
  secrets: readonly string[],
  status?: number,
): TenantryError {
  const { code, message } = rpc as Partial<RpcError>;
  // A code is a number; anything else can hold what the server was sent.
  const number = Number.isSafeInteger(code) ? ` ${spoken(String(code), secrets)}` : "";
  const said = `the error${number}: ${spoken(message, secrets)}`;
  const details: ErrorDetails = { delivery: "answered", rpc, ...(status === undefined ? {} : { status }) };
  return new TenantryError("SERVER_ERROR", `The server answered ${method} with ${said}.`, details);
}

/**
 * The error for an answer that could not come: `DELIVERY_UNKNOWN` for a tool that was called and may have run,
 * `CONNECTION_LOST` for everything else, which can be asked again.
 */
export function lost(method: string, why: string, details: ErrorDetails = {}): TenantryError {
  const facts: ErrorDetails = { retryable: true, delivery: "unknown", ...details };
  const failure = new TenantryError(
    "CONNECTION_LOST",
    `${why} before it answered ${method}; ask again.`,
    facts,
  );
  if (method !== "tools/call" || failure.delivery !== "unknown") return failure;
  const doubt =
    "The tool was called and its answer was lost; find out whether it ran before you call it again.";
  const recover = failure.recover === undefined ? {} : { recover: failure.recover };
  return new TenantryError("DELIVERY_UNKNOWN", doubt, { cause: failure, delivery: "unknown", ...recover });
}

/** The error for the end of the pipe that a request was waiting on: what the pipe itself says of it, where it says it. */
export function pipeLost(call: Call, cause: unknown): TenantryError {
  const delivery = call.sent ? "unknown" : "unsent";
  const why = cause === undefined ? {} : { cause };
  if (cause instanceof TenantryError && cause.code === "LIMIT_EXCEEDED") {
    const details: ErrorDetails = { ...why, delivery, recover: "reconnect" };
    return new TenantryError("LIMIT_EXCEEDED", spokenMessage(cause), details);
  }
  return lost(call.method, "The server went away", { ...why, delivery, recover: "reconnect" });
}

/** The error for a connection that could not be opened; what is already about opening stays as it is. */
export function handshakeFailure(failure: unknown): unknown {
  if (!(failure instanceof TenantryError)) {
    return new TenantryError(
      "HANDSHAKE_FAILED",
      "The server did not complete the handshake; see the cause.",
      { cause: failure },
    );
  }
  const { code, retryable, status, rpc } = failure;
  if (code !== "SERVER_ERROR" && code !== "PROTOCOL_VIOLATION" && code !== "CONNECTION_LOST") return failure;
  const gone = code === "CONNECTION_LOST" && failure.recover === "reconnect";
  const said = gone ? farewell(failure.cause) : spokenMessage(failure);
  return new TenantryError("HANDSHAKE_FAILED", `The server did not complete the handshake. ${said}`, {
    cause: failure,
    retryable: retryable && !gone,
    ...(status === undefined ? {} : { status }),
    ...(rpc === undefined ? {} : { rpc }),
  });
}

/** What a pipe that has ended says of it, without its advice: a server that could not start would not the next time. */
function farewell(cause: unknown): string {
  const isTold = cause instanceof TenantryError && cause.code === "CONNECTION_LOST";
  const said = isTold
    ? spokenMessage(cause).replace(/ Call again to start it anew\.$/u, "")
    : "The server went away.";
  return `${said} Correct what it is started with, or what it needs to start.`;
}

/** An error's message without its code. */
function spokenMessage({ message }: TenantryError): string {
  return message.replace(/^\[\w+\] /u, "");
}

/** Server text for a message: without the secrets of this request, quoted and cut. */
export function spoken(text: unknown, secrets: readonly string[]): string {
  return quote(redact(typeof text === "string" ? text : "", secrets));
}

/**
 * The challenge without the secrets of this request, which a server can repeat in any of its parameters. The nonce that it
 * wants comes in a header of its own (RFC 9449, section 9), and is told as the parameter `dpop_nonce`.
 */
function spokenChallenge(
  headers: RefusedAnswer["headers"],
  secrets: readonly string[],
): Challenge | undefined {
  const challenge = parseChallenge(headers["www-authenticate"]);
  if (challenge === undefined) return undefined;
  const nonce = headers["dpop-nonce"];
  const told = { ...challenge.parameters, ...(nonce !== undefined && { dpop_nonce: nonce.slice(0, 1_024) }) };
  const parameters = Object.entries(told).map(([name, value]) => [
    redact(name, secrets),
    redact(value, secrets),
  ]);
  return Object.freeze({
    scheme: redact(challenge.scheme, secrets),
    parameters: Object.freeze(Object.fromEntries(parameters) as Record<string, string>),
  });
}

function unauthorized(status: 401 | 403, challenge: Challenge | undefined): TenantryError {
  const details: ErrorDetails = {
    status,
    delivery: "refused",
    ...(challenge === undefined ? {} : { challenge }),
  };
  if (status === 401) {
    const message =
      "The server refused the credential (HTTP 401); resolve a new one and send the request again.";
    return new TenantryError("UNAUTHORIZED", message, { ...details, recover: "reauthorize" });
  }
  const scope = challenge?.parameters.scope;
  const asks = scope === undefined ? "" : `; it asks for the scope ${quote(scope)}`;
  // RFC 6750, section 3.1: the credential is good, and another one may do more.
  const wantsMore = challenge?.parameters.error === "insufficient_scope";
  return new TenantryError("UNAUTHORIZED", `The server forbids this request (HTTP 403)${asks}.`, {
    ...details,
    ...(wantsMore && { recover: "reauthorize" as const }),
  });
}

function sessionLost(status: number, rpc: Pick<ErrorDetails, "rpc">): TenantryError {
  const details: ErrorDetails = { status, delivery: "refused", recover: "reconnect", ...rpc };
  return new TenantryError(
    "SESSION_LOST",
    "The server has ended this session, or wants one by now; call again.",
    details,
  );
}
