import type { Fault } from "../faults.ts";

/** How an error is answered. */
export interface OAuthErrorOptions {
  /** The HTTP status; defaults to 401 for `invalid_client`, and 400. */
  readonly status?: number;
  readonly description?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A fault that answers with an error such as `invalid_grant` (RFC 6749, section 5.2). */
export function oauthError(error: string, options: OAuthErrorOptions = {}): Fault {
  const { status = error === "invalid_client" ? 401 : 400, description, headers = {} } = options;
  return {
    kind: "answer",
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
    body: JSON.stringify({ error, error_description: description }),
  };
}
