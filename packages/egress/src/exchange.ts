import { systemClock, TenantryError, type AbortableOptions, type Provenance } from "@tenantry/core";
import type { AddressPolicy } from "./address-policy.ts";
import type { BoundHeaders, HeaderWriter } from "./bound-headers.ts";
import type { EgressLimits } from "./limits.ts";
import { placeOf, type Place } from "./place.ts";
import { isRedirect, redirectTarget, type Redirecting } from "./redirect.ts";
import type { ResponseBody } from "./response-body.ts";
import type { Answer, ExchangeMethod, Transport } from "./transport.ts";

/** Where a request goes. */
export interface ExchangeAddress {
  readonly url: URL;
  /** Who wrote the URL: `code` is trusted to name what it names, `foreign` may lead to public addresses only. */
  readonly provenance: Provenance;
}

/** What is sent to a {@link Target}. */
export interface TargetRequest extends AbortableOptions {
  readonly method: ExchangeMethod;
  /** Headers without secrets, names in lower case; a frozen object is checked at its first use and not again. */
  readonly headers: Readonly<Record<string, string>>;
  /** Headers that are secret, with the only origins that they may reach. */
  readonly bound?: BoundHeaders;
  /** What a POST sends, as UTF-8. */
  readonly body?: string;
  /**
   * What happens to a redirect: `follow` follows it within the origin and refuses it otherwise, `manual` gives it
   * as the answer. Defaults to `follow`.
   */
  readonly redirect?: "follow" | "manual";
  /**
   * The longest response body, in bytes; defaults to the egress's own limit. `Infinity` is for streams whose reader
   * bounds each event: what waits to be read stays within 64 KiB either way.
   */
  readonly maxResponseBytes?: number;
}

/** One request. */
export interface ExchangeRequest extends ExchangeAddress, TargetRequest {}

/** One answer, whatever its status; redirects within the origin have been followed. */
export interface ExchangeResponse {
  readonly status: number;
  /** Where it came from, after redirects. */
  readonly url: URL;
  /** Values by lower-case name; several of one name are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ResponseBody;
}

/** What requests go out through. */
export interface WayOut {
  readonly transport: Transport;
  readonly limits: EgressLimits;
  readonly policy: AddressPolicy;
  readonly headers: HeaderWriter;
}

/** Sends one request, follows what may be followed, and gives the first answer that is no redirect. */
export async function exchange(way: WayOut, first: Place, request: TargetRequest): Promise<ExchangeResponse> {
  const { method, body, bound, signal, redirect = "follow" } = request;
  if (body !== undefined && method !== "POST") {
    throw new TenantryError("ARGUMENT_INVALID", `A ${method} carries no body; leave it out.`);
  }
  const { totalTimeoutMs } = way.limits;
  const until = totalTimeoutMs === Infinity ? Infinity : systemClock.now() + totalTimeoutMs;
  const maxResponseBytes = checkBound(
    request.maxResponseBytes === undefined ? way.limits.maxResponseBytes : request.maxResponseBytes,
  );
  let place = first;
  for (let followed = 0; ; followed++) {
    // Between two requests nobody listens to it.
    signal?.throwIfAborted();
    const headers = way.headers.write(request.headers, bound, place.origin);
    const answer = await way.transport.send({
      place,
      method,
      headers,
      body,
      signal,
      maxResponseBytes,
      until,
    });
    if (redirect === "manual" || !isRedirect(answer)) return new Arrived(answer, place);
    place = placeOf(
      nextUrl(answer, { url: place.url, method, followed, bound }),
      place.provenance,
      way.policy,
    );
  }
}

/** What is no number is larger than nothing, and would bound nothing. */
function checkBound(bytes: number): number {
  if (bytes === Infinity || (Number.isInteger(bytes) && bytes >= 0)) return bytes;
  const why = "maxResponseBytes is a whole number from 0, or Infinity for a stream whose reader bounds it.";
  throw new TenantryError("ARGUMENT_INVALID", why);
}

/** An answer and where it came from. */
class Arrived implements ExchangeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ResponseBody;
  readonly #place: Place;

  constructor({ status, headers, body }: Answer, place: Place) {
    this.status = status;
    this.headers = headers;
    this.body = body;
    this.#place = place;
  }

  /** A copy each time: the place serves other requests too. */
  get url(): URL {
    return new URL(this.#place.url);
  }
}

/** A redirect's own body is of no use, whether it is followed or refused. */
function nextUrl(answer: Answer, from: Redirecting): URL {
  answer.body.cancel();
  return redirectTarget(answer, from);
}
