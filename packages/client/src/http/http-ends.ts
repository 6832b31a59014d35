import type { CloseReason, Credential, HttpEndpoint } from "@tenantry/core";
import type { ConnectionEnds } from "../connection-ends.ts";
import type { Opened } from "../opened.ts";
import type { HttpTransport } from "./http-transport.ts";
import { checkOrigin, type HeldCredential } from "./request-headers.ts";

/** What an HTTP connection has at its ends: a credential that can be replaced, and a session that wants to be ended. */
export class HttpEnds implements ConnectionEnds {
  /** Sockets come and go beneath single requests, and none of them is the connection; a stream of all messages is. */
  readonly lost: Promise<CloseReason> | undefined;
  readonly closeTimeoutMs: number;
  /** As it was when the connection was opened: a provider may bring one object up to date. */
  readonly subject: string | undefined;
  readonly #endpoint: HttpEndpoint;
  readonly #held: HeldCredential;
  readonly #http: HttpTransport | undefined;
  /** Settles when nothing is left of what was opened beside this connection, and is gone then. */
  #leftovers: Promise<unknown> | undefined;

  constructor(
    endpoint: HttpEndpoint,
    held: HeldCredential,
    { http, pipe }: Pick<Opened, "http" | "pipe">,
    {
      closeTimeoutMs,
      leftovers,
    }: { readonly closeTimeoutMs: number; readonly leftovers: Promise<unknown> | undefined },
  ) {
    this.#endpoint = endpoint;
    this.#held = held;
    this.subject = held.credential?.subject;
    this.#http = http;
    this.#leftovers = leftovers?.finally(() => (this.#leftovers = undefined));
    this.closeTimeoutMs = closeTimeoutMs;
    this.lost = pipe && lossOf(pipe.closed);
  }

  adopt(next: Credential): boolean {
    if (this.subject !== next.subject) return false;
    try {
      checkOrigin(this.#endpoint, next);
    } catch {
      return false;
    }
    this.#held.credential = next;
    return true;
  }

  /** A stream of all messages is the session itself, and goes with it. */
  get retire(): ConnectionEnds["retire"] {
    const http = this.#http;
    return http && this.#leftovers === undefined ? () => http.retire() : undefined;
  }

  async endSession(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#http?.endSession(signal), this.#leftovers]);
  }

  get openStream(): ConnectionEnds["openStream"] {
    const http = this.#http;
    return http && ((signal) => http.openStream(signal));
  }
}

/** Resolves when a pipe is lost; never where its owner closes it. */
export function lossOf(closed: Promise<CloseReason>): Promise<CloseReason> {
  return new Promise((resolve) => {
    void closed.then((reason) => reason.kind === "lost" && resolve(reason));
  });
}
