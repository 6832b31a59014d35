import type { RecordedRequest } from "./recording.ts";

/** What decides who may reach an MCP endpoint. */
export interface Gate {
  /** The header that carries the key, in lower case; `undefined` where none is asked for. */
  readonly header: string | undefined;
  /** The user that a request's key belongs to; `undefined` for a missing or an unknown one. */
  userOf(headers: Readonly<Record<string, string>>): string | undefined;
  /** The answer to a request that may not go on; `undefined` for one that may. */
  refusal(record: RecordedRequest): Response | undefined | Promise<Response | undefined>;
  /** What it has to say of itself at this path; `undefined` where it says nothing. */
  document(pathname: string): Response | undefined;
}

/** The token of an `Authorization` header (RFC 6750, section 2.1; RFC 9449, section 7.1). */
export function tokenOf(headers: Readonly<Record<string, string>>): string | undefined {
  return /^(?:bearer|dpop) +(?<token>.+)$/iu.exec(headers["authorization"] ?? "")?.groups?.["token"];
}

/** An answer that is no result; the code is one of those that MCP leaves free. */
export function refuse(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({ jsonrpc: "2.0", error: { code: -32000, message }, id: null }, { status, headers });
}
