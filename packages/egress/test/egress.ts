import { onTestFinished } from "vitest";
import { createEgress, type Egress, type EgressOptions, type ExchangeRequest } from "../src/index.ts";

/** An egress that is closed when the test ends. */
export function egressFor(options?: EgressOptions): Egress {
  const egress = createEgress(options);
  onTestFinished(() => egress.close());
  return egress;
}

export function post(url: URL, more: Partial<ExchangeRequest> = {}): ExchangeRequest {
  return {
    url,
    method: "POST",
    provenance: "code",
    headers: { "content-type": "text/plain" },
    body: "hello",
    ...more,
  };
}

export function get(url: URL, more: Partial<ExchangeRequest> = {}): ExchangeRequest {
  return { url, method: "GET", provenance: "code", headers: {}, ...more };
}
