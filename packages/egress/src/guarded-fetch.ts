import { raceAbort, TenantryError, type Fetch, type Provenance } from "@tenantry/core";
import type { Egress } from "./egress.ts";
import type { ExchangeResponse } from "./exchange.ts";
import type { ExchangeMethod } from "./transport.ts";

/** How a Fetch view is made. */
export interface GuardedFetchOptions {
  /** Under which address policy its requests go. */
  readonly provenance: Provenance;
}

/**
 * A `fetch` that goes out through an egress: GET, POST and DELETE with text bodies. `redirect: "manual"` gives the
 * redirect as it is, `"error"` refuses every one, and `"follow"` stays within the origin. It rejects with a
 * `TenantryError`, or with the reason of the signal.
 */
export function guardedFetch(egress: Pick<Egress, "exchange">, { provenance }: GuardedFetchOptions): Fetch {
  return async (input, init) => {
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    // Request reads every form of input; the signal stays outside, because a Request would keep listening to it.
    const request = new Request(input, { ...init, signal: null });
    const { redirect } = request;
    const response = await egress.exchange({
      url: new URL(request.url),
      method: methodOf(request.method),
      provenance,
      headers: Object.fromEntries(request.headers),
      ...(request.body === null ? {} : { body: await raceAbort(request.text(), signal) }),
      redirect: redirect === "follow" ? "follow" : "manual",
      ...(signal === undefined ? {} : { signal }),
    });
    if (
      redirect === "error" &&
      response.status >= 300 &&
      response.status < 400 &&
      response.headers["location"]
    ) {
      response.body.cancel();
      const what = `${response.url.origin} redirects, which this request does not allow; use the URL that it ends at.`;
      throw new TenantryError("ORIGIN_REFUSED", what, { status: response.status, delivery: "unknown" });
    }
    return responseOf(response);
  };
}

function methodOf(method: string): ExchangeMethod {
  if (method === "GET" || method === "POST" || method === "DELETE") return method;
  throw new TenantryError("ARGUMENT_INVALID", `${method} is not sent; use GET, POST or DELETE.`);
}

function responseOf({ status, url, headers, body }: ExchangeResponse): Response {
  if (status < 200 || status > 599) {
    body.cancel();
    const what = `${url.origin} answered with the status ${status}, which there is not.`;
    throw new TenantryError("PROTOCOL_VIOLATION", what, { status, delivery: "answered" });
  }
  const bodiless = status === 204 || status === 205 || status === 304;
  if (bodiless) body.cancel();
  const response = new Response(bodiless ? null : streamOf(body), { status, headers });
  // A Response that was not fetched has no URL of its own.
  return Object.defineProperty(response, "url", { value: url.href });
}

function streamOf(body: ExchangeResponse["body"]): ReadableStream<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => body.cancel(),
    },
    { highWaterMark: 0 },
  );
}
