import { raceAbort, systemClock, TenantryError, type Fetch } from "@tenantry/core";
import type { AddressPolicy } from "./address-policy.ts";
import { failureOf, fetchFailureOf, timeoutError } from "./failure.ts";
import type { EgressLimits } from "./limits.ts";
import { systemLookup, type Lookup } from "./lookup.ts";
import { ReceivedBody } from "./response-body.ts";
import { closedError, tooLongError, type Answer, type Hop, type Transport } from "./transport.ts";
import { watchOf, type TimeLimit, type Watch } from "./watch.ts";

/**
 * Carries requests through a `fetch` that the host gave. A foreign host is resolved and checked before each request,
 * but which of its addresses is dialled, and what is negotiated with it, is the host's `fetch`'s own affair.
 */
export class FetchTransport implements Transport {
  readonly #fetch: Fetch;
  readonly #limits: EgressLimits;
  readonly #policy: AddressPolicy;
  readonly #lookup: Lookup;
  readonly #flights = new Set<Flight>();
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(fetch: Fetch, limits: EgressLimits, policy: AddressPolicy, lookup: Lookup = systemLookup) {
    this.#fetch = fetch;
    this.#limits = limits;
    this.#policy = policy;
    this.#lookup = lookup;
  }

  async send(hop: Hop): Promise<Answer> {
    if (this.#closing !== undefined) throw closedError();
    const flight = new Flight(hop, this.#limits, () => {
      this.#flights.delete(flight);
      if (this.#flights.size === 0) this.#drained?.();
    });
    this.#flights.add(flight);
    try {
      const { url, provenance } = hop.place;
      if (provenance === "foreign") await flight.wait(this.#check(url));
      return await flight.answer(this.#fetch);
    } catch (error) {
      flight.finish();
      if (hop.signal?.aborted === true) throw hop.signal.reason;
      throw fetchFailureOf(error, hop.place.origin);
    }
  }

  stats(): { readonly sockets: number; readonly requests: number } {
    return { sockets: 0, requests: this.#flights.size };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  /** What fails here has not left this process. */
  async #check({ hostname, origin }: URL): Promise<void> {
    try {
      await this.#policy.addresses(hostname, this.#lookup);
    } catch (error) {
      throw failureOf(error, "unsent", origin);
    }
  }

  async #close(): Promise<void> {
    const end = () => this.#flights.forEach((flight) => flight.leave(closedError(undefined, "unknown")));
    const timer = systemClock.after(this.#limits.closeTimeoutMs, end);
    if (this.#flights.size > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
    timer.cancel();
  }
}

/** One request from its start to its last byte. It has a signal of its own, so that the caller's keeps no listener. */
class Flight {
  readonly #hop: Hop;
  readonly #over: () => void;
  readonly #abort = new AbortController();
  readonly #onAbort = () => this.leave(this.#hop.signal?.reason);
  readonly #watch: Watch | undefined;
  #asked = false;
  #body: ReceivedBody | undefined;

  constructor(hop: Hop, limits: EgressLimits, over: () => void) {
    this.#hop = hop;
    this.#over = over;
    const late = (limit: TimeLimit) =>
      this.leave(timeoutError(limit, this.#asked ? "unknown" : "unsent", hop.place.origin));
    this.#watch = watchOf(limits, hop.until, late);
    hop.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  wait<T>(promise: Promise<T>): Promise<T> {
    return raceAbort(promise, this.#abort.signal);
  }

  async answer(fetch: Fetch): Promise<Answer> {
    this.#asked = true;
    this.#watch?.sent();
    const asked = this.#ask(fetch);
    try {
      return this.#receive(await this.wait(asked));
    } catch (error) {
      asked.then((response) => response.body?.cancel()).catch(() => {});
      throw error;
    }
  }

  /** Ends it from this side. */
  leave(reason: unknown): void {
    this.#body?.drop(reason);
    this.finish();
    this.#abort.abort(reason);
  }

  finish(): void {
    this.#watch?.end();
    this.#hop.signal?.removeEventListener("abort", this.#onAbort);
    this.#over();
  }

  /** Async, so that a `fetch` that throws at once rejects as well. */
  async #ask(fetch: Fetch): Promise<Response> {
    const { place, method, headers, body = null } = this.#hop;
    const pairs: [string, string][] = [];
    for (let index = 0; index < headers.length; index += 2) {
      pairs.push([headers[index] as string, headers[index + 1] as string]);
    }
    return fetch(place.url.href, {
      method,
      headers: pairs,
      body,
      redirect: "manual",
      signal: this.#abort.signal,
    });
  }

  #receive(response: Response): Answer {
    const { maxResponseBytes } = this.#hop;
    if (response.type === "opaqueredirect" || response.redirected) {
      const what =
        "The injected fetch follows or hides redirects; give one that hands them over (redirect: manual).";
      throw new TenantryError("ORIGIN_REFUSED", what, { delivery: "unknown" });
    }
    const headers = Object.create(null) as Record<string, string>;
    response.headers.forEach((value, name) => (headers[name] = value));
    // A fetch gives the body decoded; these two describe what was on the wire.
    if ("content-encoding" in headers) {
      delete headers["content-encoding"];
      delete headers["content-length"];
    }
    if (Number(headers["content-length"] ?? 0) > maxResponseBytes) throw tooLongError(maxResponseBytes);
    return { status: response.status, headers, body: this.#read(response) };
  }

  #read(response: Response): ReceivedBody {
    let ready: (() => void) | undefined;
    const resume = () => {
      this.#watch?.received();
      ready?.();
    };
    this.#watch?.answered();
    const body = (this.#body = new ReceivedBody(
      { resume, cancel: () => this.leave(undefined) },
      this.#hop.maxResponseBytes,
    ));
    const pump = async (stream: ReadableStream<Uint8Array>) => {
      const reader = stream.getReader();
      this.#abort.signal.addEventListener("abort", () => void reader.cancel().catch(() => {}), {
        once: true,
      });
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        if (!isBytes(value)) throw notBytesError();
        this.#watch?.received();
        const room = body.push(value);
        if (room === "over") return this.leave(tooLongError(this.#hop.maxResponseBytes));
        if (room !== "full") continue;
        this.#watch?.paused();
        await new Promise<void>((resolve) => (ready = resolve));
      }
    };
    const pumped = response.body === null ? Promise.resolve() : pump(response.body);
    pumped.then(
      () => {
        this.finish();
        body.end();
      },
      (error: unknown) => {
        const failure = fetchFailureOf(error, this.#hop.place.origin);
        body.fail(failure);
        this.leave(failure);
      },
    );
    return body;
  }
}

/** A response that a host makes by hand may hold anything, and from whichever realm. */
function isBytes(chunk: unknown): boolean {
  return Object.prototype.toString.call(chunk) === "[object Uint8Array]";
}

function notBytesError(): TenantryError {
  const what =
    "The injected fetch gives a body of something else than bytes; give one whose chunks are Uint8Array.";
  return new TenantryError("PROTOCOL_VIOLATION", what, { delivery: "answered" });
}
