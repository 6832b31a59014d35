import { TenantryError, type AbortableOptions, type Provenance } from "@tenantry/core";
import { checkUrl } from "./address-policy.ts";
import { writtenHeaders, type BoundHeaders } from "./bound-headers.ts";
import type { EgressLimits } from "./limits.ts";
import { redirectTarget } from "./redirect.ts";
import type { ResponseBody } from "./response-body.ts";
import type { Answer, ExchangeMethod, Transport } from "./transport.ts";

/** One request. */
export interface ExchangeRequest extends AbortableOptions {
  readonly url: URL;
  readonly method: ExchangeMethod;
  /** Who wrote the URL: `code` is trusted to name what it names, `foreign` may lead to public addresses only. */
  readonly provenance: Provenance;
  /** Headers without secrets, names in lower case. */
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

/** One answer, whatever its status; redirects within the origin have been followed. */
export interface ExchangeResponse {
  readonly status: number;
  /** Where it came from, after redirects. */
  readonly url: URL;
  /** Values by lower-case name; several of one name are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ResponseBody;
}

/** Sends one request, follows what may be followed, and gives the first answer that is no redirect. */
export async function exchange(
  transport: Transport,
  limits: EgressLimits,
  request: ExchangeRequest,
): Promise<ExchangeResponse> {
  const { method, provenance, body, signal, redirect = "follow" } = request;
  signal?.throwIfAborted();
  if (body !== undefined && method !== "POST") {
    throw new TenantryError("ARGUMENT_INVALID", `A ${method} carries no body; leave it out.`);
  }
  const maxResponseBytes = request.maxResponseBytes ?? limits.maxResponseBytes;
  // A copy: the caller's URL may change between the check and the request.
  let url = new URL(request.url);
  for (let followed = 0; ; followed++) {
    checkUrl(url, provenance);
    const headers = writtenHeaders(request.headers, request.bound, url.origin);
    const answer = await transport.send({ url, method, provenance, headers, body, signal, maxResponseBytes });
    const next =
      redirect === "manual" ? undefined : nextUrl(answer, { url, method, followed, bound: request.bound });
    if (next === undefined) return { status: answer.status, url, headers: answer.headers, body: answer.body };
    url = next;
  }
}

/** A redirect's own body is of no use, whether it is followed or refused. */
function nextUrl(answer: Answer, from: Parameters<typeof redirectTarget>[1]): URL | undefined {
  try {
    const next = redirectTarget(answer, from);
    if (next !== undefined) answer.body.cancel();
    return next;
  } catch (refusal) {
    answer.body.cancel();
    throw refusal;
  }
}
