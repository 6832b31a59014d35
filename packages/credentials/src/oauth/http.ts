import { outgrows, TenantryError, withDeadline, type Clock, type Fetch } from "@tenantry/core";
import type { OAuthLimits } from "./limits.ts";

/** One request, in the form in which oauth4webapi gives it. */
export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | URLSearchParams | null | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Nothing that an authorization server answers nests deeper. */
const maxDepth = 32;

/**
 * The requests of OAuth: each within a total deadline and a number of bytes, with a body that is read before it is given.
 * A GET is redirected within its origin at most, as the guarded fetch beneath allows; a POST never is.
 */
export class OAuthHttp {
  readonly #fetch: Fetch;
  readonly #clock: Clock;
  readonly #limits: OAuthLimits;

  constructor(fetch: Fetch, clock: Clock, limits: OAuthLimits) {
    this.#fetch = fetch;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** What the clock says. */
  get now(): number {
    return this.#clock.now();
  }

  /** By how many seconds the injected clock is ahead of the system's, which oauth4webapi dates what it signs by. */
  get skewSeconds(): number {
    return Math.round((this.#clock.now() - Date.now()) / 1_000);
  }

  /**
   * Sends a request and gives its answer, whatever its status. Rejects with `TIMEOUT`, `LIMIT_EXCEEDED`,
   * `CONNECT_FAILED`, with what the guarded fetch says, or with the reason of the signal.
   */
  send(url: URL, { method, headers, body, signal }: HttpRequest): Promise<Response> {
    const { requestTimeoutMs: timeoutMs, maxAnswerBytes } = this.#limits;
    const expired = () => {
      const what = `${url.origin} did not answer within ${timeoutMs} ms; try again later, or raise requestTimeoutMs.`;
      return new TenantryError("TIMEOUT", what, { retryable: true, delivery: "unknown" });
    };
    return withDeadline({ clock: this.#clock, timeoutMs, keepAlive: true, signal, expired }, async (ends) => {
      const response = await this.#start(url, {
        method,
        headers,
        redirect: method === "GET" ? "follow" : "manual",
        signal: ends,
        ...(body && { body: String(body) }),
      });
      const text = await readText(response, maxAnswerBytes, url.origin);
      // Told from the text, before anything is built from it.
      if (outgrows(text, { maxDepth, maxBytes: maxAnswerBytes }) !== undefined) throw tooMuch(url.origin);
      const bodiless = response.status === 204 || response.status === 205 || response.status === 304;
      return new Response(bodiless ? null : text, { status: response.status, headers: response.headers });
    });
  }

  async #start(url: URL, init: RequestInit): Promise<Response> {
    try {
      return await this.#fetch(url, init);
    } catch (cause) {
      if (cause instanceof TenantryError || init.signal?.aborted) throw cause;
      const what = `${url.origin} cannot be reached; see the cause, or try again later.`;
      throw new TenantryError("CONNECT_FAILED", what, { cause, retryable: true, delivery: "unknown" });
    }
  }
}

/**
 * Whether an answer says that there is no document there: nothing at all, or the page with which some servers answer every
 * path. Any other refusal is trouble, and says nothing of the document.
 */
export function isAbsent({ status }: Response, document: object | undefined): boolean {
  return status === 404 || status === 405 || status === 410 || (status === 200 && document === undefined);
}

/** The parsed body of an answer, or `undefined` where it is no JSON object. */
export async function jsonOf(response: Response): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const parsed: unknown = JSON.parse(await response.text());
    const isObject = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
    return isObject ? (parsed as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

async function readText(response: Response, maxBytes: number, origin: string): Promise<string> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      bytes += (chunk.value as Uint8Array).byteLength;
      if (bytes > maxBytes) throw tooMuch(origin);
      text += decoder.decode(chunk.value as Uint8Array, { stream: true });
    }
    return text + decoder.decode();
  } finally {
    // Ends what is still to come; a stream that has ended, or that cannot be ended, is left as it is.
    reader.cancel().catch(() => {});
  }
}

function tooMuch(origin: string): TenantryError {
  const what = `${origin} answers with more than an authorization server has to say; its answer was discarded.`;
  return new TenantryError("LIMIT_EXCEEDED", what, { delivery: "unknown" });
}
