import { TenantryError } from "@tenantry/core";
import { closedError } from "./transport.ts";
import type { TimeLimit } from "./watch.ts";

/** How far a request had come when it failed; `sent` means that some of it may have reached the server. */
export type Progress = "unsent" | "sent" | "answering";

/** Node's and OpenSSL's codes for a handshake or a certificate that does not hold; trying again changes nothing. */
const tls =
  /^(?:ERR_TLS|ERR_SSL|EPROTO$|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERROR_IN_C|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_|HOSTNAME_MISMATCH$)/u;

/** The codes of a connection that was never there. */
const unconnected =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT)$/u;

/** Says what a transport's error means to the caller. A `TenantryError` is passed on as it is. */
export function failureOf(error: unknown, progress: Progress, origin: string): TenantryError {
  if (error instanceof TenantryError) return error;
  const code = codeOf(error);
  if (code === "UND_ERR_CLOSED" || code === "UND_ERR_DESTROYED")
    return closedError(error, progress === "unsent" ? "unsent" : "unknown");
  return progress === "unsent"
    ? connectFailure(error, code, origin)
    : exchangeFailure(error, code, progress, origin);
}

/** The same for an injected `fetch`, which hides how far it came: only a few codes prove that nothing was sent. */
export function fetchFailureOf(error: unknown, origin: string): TenantryError {
  if (error instanceof TenantryError) return error;
  const inner = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = codeOf(inner);
  const progress = tls.test(code) || unconnected.test(code) ? "unsent" : "sent";
  return failureOf(inner === error || code !== "" ? inner : error, progress, origin);
}

/** What is thrown where a limit on time is not kept. */
export function timeoutError(
  limit: TimeLimit,
  delivery: "unsent" | "unknown",
  origin: string,
): TenantryError {
  const what = {
    firstByteTimeoutMs: `${origin} did not answer within firstByteTimeoutMs`,
    idleTimeoutMs: `${origin} sent nothing for longer than idleTimeoutMs in the middle of its answer`,
    totalTimeoutMs: `The exchange with ${origin} was not over within totalTimeoutMs`,
  }[limit];
  const ran = delivery === "unsent" ? "nothing was sent" : "the request may have run";
  return new TenantryError("TIMEOUT", `${what}; ${ran}.`, { delivery });
}

function connectFailure(cause: unknown, code: string, origin: string): TenantryError {
  if (code === "UND_ERR_INVALID_ARG" || code === "UND_ERR_NOT_SUPPORTED") {
    return new TenantryError("ARGUMENT_INVALID", "The request is malformed; see the cause and correct it.", {
      cause,
    });
  }
  if (tls.test(code)) {
    const what = `No trusted TLS connection to ${origin}; check its certificate and scheme.`;
    return new TenantryError("CONNECT_FAILED", what, { cause: withoutCertificate(cause, code) });
  }
  const what = `${origin} cannot be reached; check its name and port, or try again later.`;
  return new TenantryError("CONNECT_FAILED", what, { cause, retryable: true });
}

function exchangeFailure(error: unknown, code: string, progress: Progress, origin: string): TenantryError {
  const delivery = "unknown";
  if (code === "UND_ERR_HEADERS_OVERFLOW") {
    const what = `The response's headers are longer than maxHeaderBytes; raise it if they may be.`;
    return new TenantryError("LIMIT_EXCEEDED", what, { cause: error, delivery });
  }
  if (error instanceof Error && error.name === "HTTPParserError") {
    const what = `${origin} answered with something that is not HTTP/1.1; the request may have run.`;
    return new TenantryError("PROTOCOL_VIOLATION", what, { cause: withoutContent(error), delivery });
  }
  const when = progress === "answering" ? "while it answered" : "before it answered";
  const what = `The connection to ${origin} was lost ${when}; the request may have run.`;
  return new TenantryError("CONNECTION_LOST", what, { cause: error, delivery, recover: "reconnect" });
}

/** The parser's error carries a piece of the response, in which a server can echo a credential; its message does not. */
function withoutContent(error: Error): Error {
  return new Error(error.message);
}

/** Node attaches the certificate and lists its names, which are whatever the server chose them to be. */
function withoutCertificate(error: unknown, code: string): unknown {
  if (code !== "ERR_TLS_CERT_ALTNAME_INVALID") return error;
  return Object.assign(new Error("The certificate is for other names."), { code });
}

function codeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}
