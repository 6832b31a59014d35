import { TenantryError, type ErrorCode } from "@tenantry/core";
import type { Fields } from "./message.ts";
import { whatToDo } from "./what-to-do.ts";

/** An error as it is sent: the HTTP status beside the JSON-RPC error. */
export interface Failure {
  readonly status: number;
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** Thrown within a gateway for what a client is told in these words. */
export class Refused extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Refuses a request's parameters (JSON-RPC -32602). */
export function invalidParams(message: string, status = 200): Refused {
  return new Refused({ status, code: -32_602, message });
}

/** What a client is told of each failure: what it is about, and nothing of what the host or a server said of it. */
const sentences: Readonly<Partial<Record<ErrorCode, readonly [code: number, message: string]>>> = {
  TOOL_UNKNOWN: [-32_602, "There is no such tool."],
  PROMPT_UNKNOWN: [-32_602, "There is no such prompt."],
  RESOURCE_UNKNOWN: [-32_602, "There is no such resource."],
  ARGUMENT_INVALID: [-32_602, "The arguments are not valid."],
  APPROVAL_REQUIRED: [-32_602, "The tool has to be approved before it is called."],
  CALL_DENIED: [-32_602, "The call was not allowed."],
  RATE_LIMITED: [-32_000, "There are too many calls; call again later."],
  LIMIT_EXCEEDED: [-32_603, "The request or its answer is too large."],
  CREDENTIAL_MISSING: [-32_603, "The server needs a credential of this user, and there is none."],
  AUTHORIZATION_REQUIRED: [-32_603, "The user has to grant access to the server first."],
  UNAUTHORIZED: [-32_603, "The server refused the user's credential."],
  DELIVERY_UNKNOWN: [-32_603, "The answer was lost; the tool may have run."],
  TIMEOUT: [-32_603, "The server took too long."],
  CLOSED: [-32_603, "The gateway is closing."],
};

/** What a client is told of a failure, whatever it was: no stack, no path, no address, nothing of a credential. */
export function failureOf(failure: unknown): Failure {
  if (failure instanceof Refused) return failure.failure;
  if (!(failure instanceof TenantryError))
    return { status: 200, code: -32_603, message: "Something went wrong." };
  if (failure.code === "SERVER_ERROR") return serverFailure(failure);
  const [code, message] = sentences[failure.code] ?? [-32_603, "The server cannot answer now."];
  return { status: 200, code, message, data: factsOf(failure) };
}

function factsOf({ code, retryable, retryAfterMs, server, authorizationUrl }: TenantryError): Fields {
  return {
    code,
    retryable,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(server !== undefined && { server }),
    ...(authorizationUrl !== undefined && { authorizationUrl: authorizationUrl.href }),
  };
}

/** Codes that say something of the wire between this gateway and a server, which is no client's. */
const ofTheWire = Object.freeze([-32_700, -32_601, -32_020, -32_022, -32_001, -32_000]);
/** A server's own error, in its words as far as they are safe: the error has them quoted, cut and without secrets. */
function serverFailure(failure: TenantryError): Failure {
  const { rpc } = failure;
  const code =
    rpc === undefined || !Number.isInteger(rpc.code) || ofTheWire.includes(rpc.code) ? -32_603 : rpc.code;
  const message = failure.message.slice(`[${failure.code}] `.length);
  const data = whatToDo(code, rpc?.data) ?? factsOf(failure);
  // A capability that the client has not named is a status of its own (MCP 2026-07-28).
  return { status: code === -32_021 ? 400 : 200, code, message, data };
}
