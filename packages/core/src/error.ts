import type { ApprovalNeeded } from "./approval.ts";
import type { ServerId } from "./id.ts";

/** Every code that a {@link TenantryError} can carry; there are no user-defined codes. */
export const errorCodes = [
  "PRINCIPAL_INVALID",
  "CONFIG_INVALID",
  "DEFINITION_INVALID",
  "ARGUMENT_INVALID",
  "WORKSPACE_UNKNOWN",
  "SERVER_UNKNOWN",
  "TOOL_UNKNOWN",
  "RESOURCE_UNKNOWN",
  "PROMPT_UNKNOWN",
  "APPROVAL_REQUIRED",
  "CALL_DENIED",
  "RATE_LIMITED",
  "CREDENTIAL_MISSING",
  "CREDENTIAL_INVALID",
  "CREDENTIAL_FAILED",
  "AUTHORIZATION_REQUIRED",
  "UNAUTHORIZED",
  "ORIGIN_REFUSED",
  "ADDRESS_REFUSED",
  "CONNECT_FAILED",
  "SPAWN_FAILED",
  "HANDSHAKE_FAILED",
  "SESSION_LOST",
  "CONNECTION_LOST",
  "DELIVERY_UNKNOWN",
  "SERVER_UNAVAILABLE",
  "SERVER_ERROR",
  "PROTOCOL_VIOLATION",
  "LIMIT_EXCEEDED",
  "TIMEOUT",
  "POOL_EXHAUSTED",
  "STORE_CONFLICT",
  "STORE_UNAVAILABLE",
  "STORE_INVALID",
  "SEAL_BROKEN",
  "CLOSED",
] as const;

/** One of the closed set of failure codes; branch on this, never on a message. */
export type ErrorCode = (typeof errorCodes)[number];

/**
 * How far a failed request went: `unsent` never left the process, `refused` was turned away unread,
 * `unknown` may have run, `answered` was answered by the server.
 */
export type Delivery = "unsent" | "refused" | "unknown" | "answered";

/** The JSON-RPC error object that a server answered with, untouched and therefore untrusted. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** What a server said when it refused a credential: the `WWW-Authenticate` challenge (RFC 9110, section 11.6.1). */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Facts about a failure beside its code and message; every one is optional. */
export interface ErrorDetails {
  /** What failed underneath. */
  readonly cause?: unknown;
  /** Whether the same call may succeed later without a change; defaults to `false`. */
  readonly retryable?: boolean;
  /** How long the server asked to be left alone, in milliseconds. */
  readonly retryAfterMs?: number;
  /** How far the request went; defaults to `unsent`. */
  readonly delivery?: Delivery;
  /** What repairs the connection: a fresh one, or a fresh credential. */
  readonly recover?: "reconnect" | "reauthorize";
  /** The server concerned. */
  readonly server?: ServerId;
  /** The credential slot concerned. */
  readonly slot?: string;
  /** The page on which a person grants access. */
  readonly authorizationUrl?: URL;
  /** The challenge of a refused credential. */
  readonly challenge?: Challenge;
  /** The HTTP status that the server answered with. */
  readonly status?: number;
  /** The JSON-RPC error that the server answered with; the error carries it where neither `inspect` nor JSON shows it. */
  readonly rpc?: RpcError;
  /** What has to be approved first; the error carries it as it does `rpc`. */
  readonly approval?: ApprovalNeeded;
}

const brand: unique symbol = Symbol.for("tenantry.error") as never;

/**
 * The one error class of every Tenantry package.
 *
 * Its message begins with the code and says what the caller can do next. `instanceof` holds across two
 * copies of this package in one process. An abort is never wrapped: the caller's own `signal.reason` is thrown.
 */
export class TenantryError extends Error {
  /** What failed. */
  readonly code: ErrorCode;
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean;
  /** How far the request went. */
  readonly delivery: Delivery;
  declare readonly retryAfterMs?: number;
  declare readonly recover?: "reconnect" | "reauthorize";
  declare readonly server?: ServerId;
  declare readonly slot?: string;
  declare readonly authorizationUrl?: URL;
  declare readonly challenge?: Challenge;
  declare readonly status?: number;
  declare readonly rpc?: RpcError;
  declare readonly approval?: ApprovalNeeded;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    const { cause, rpc, approval, ...facts } = details;
    super(`[${code}] ${message}`, "cause" in details ? { cause } : undefined);
    this.code = code;
    this.retryable = false;
    this.delivery = "unsent";
    Object.assign(this, facts);
    // It is the server's own text, which a server may fill with what it was sent: for programs, not for logs.
    if (rpc) Object.defineProperty(this, "rpc", { value: rpc, enumerable: false });
    if (approval) Object.defineProperty(this, "approval", { value: approval, enumerable: false });
    Object.defineProperty(this, "name", { value: "TenantryError", enumerable: false });
    Object.defineProperty(this, brand, { value: true, enumerable: false });
  }

  static [Symbol.hasInstance](value: unknown): value is TenantryError {
    return typeof value === "object" && value !== null && Object.hasOwn(value, brand);
  }
}

/**
 * The same failure with more facts: a new error that keeps the code, message, stack and cause of `error`, which is left
 * as it is because others may hold it too.
 */
export function withDetails(error: TenantryError, details: ErrorDetails): TenantryError {
  const { code, message, stack, rpc, approval } = error;
  const { code: _code, ...facts } = { ...error };
  const copy = new TenantryError(code, message.slice(`[${code}] `.length), {
    ...facts,
    ...("cause" in error && { cause: error.cause }),
    ...(rpc && { rpc }),
    ...(approval && { approval }),
    ...details,
  });
  Object.defineProperty(copy, "stack", { value: stack, enumerable: false });
  return copy;
}

/**
 * Renders text that somebody else wrote, so that it is safe in a message: JSON-escaped, on one line,
 * without control or bidirectional characters, and cut at `maxLength` characters (120 by default).
 */
export function quote(text: unknown, maxLength = 120): string {
  const whole = typeof text === "string" ? text : textOf(text);
  const cut = whole.length > maxLength ? `${whole.slice(0, maxLength)}…` : whole;
  return JSON.stringify(cut).replace(invisible, escapeCharacter);
}

/** What comes from a network may have a `toString` that is no function. */
function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return typeof value;
  }
}

const invisible = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
