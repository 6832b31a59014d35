import type { HttpEndpoint, PipeEndpoint } from "@tenantry/core";
import { manualClock } from "@tenantry/testing";
import { test as it, expect } from "vitest";
import { EraVerdicts } from "./era-verdicts.ts";

const verdictsOf = (clock = manualClock()) =>
  new EraVerdicts({ maxEraVerdicts: 2, eraVerdictTtlMs: 1_000, clock });
const url = (name: string, headers: HttpEndpoint["headers"] = {}): HttpEndpoint => ({
  kind: "http",
  url: new URL(`https://${name}.example/mcp`),
  provenance: "code",
  headers,
});

it("forgets the server that was asked about least recently", () => {
  const verdicts = verdictsOf();
  verdicts.set(url("a"), { era: "modern" });
  verdicts.set(url("b"), { era: "modern" });
  expect(verdicts.get(url("a"))?.era).toBe("modern");
  verdicts.set(url("c"), { era: "legacy" });
  expect([url("a"), url("b"), url("c")].map((one) => verdicts.get(one)?.era)).toEqual([
    "modern",
    undefined,
    "legacy",
  ]);
});

it.for(["legacy", "modern"] as const)("lets a %s verdict grow old, confirmed or not", async (era) => {
  const clock = manualClock();
  const verdicts = verdictsOf(clock);
  verdicts.set(url("a"), { era });
  await clock.advance(999);
  verdicts.set(url("a"), { era });
  expect(verdicts.get(url("a"))?.era).toBe(era);
  await clock.advance(1);
  expect(verdicts.get(url("a"))).toBeUndefined();
});

it("keeps apart what the definition's headers may lead to, however they are spelt and ordered", () => {
  const verdicts = verdictsOf();
  verdicts.set(url("a", { "x-tenant": "1", "x-b": "2" }), { era: "modern" });
  expect(verdicts.get(url("a", { "X-B": "2", "X-Tenant": "1" }))?.era).toBe("modern");
  expect(verdicts.get(url("a", { "x-tenant": "2", "x-b": "2" }))).toBeUndefined();
  expect(verdicts.get(url("a"))).toBeUndefined();
  verdicts.drop(url("a"));
  expect(verdicts.get(url("a", { "x-tenant": "1", "x-b": "2" }))?.era).toBe("modern");
});

it("keeps a pipe's verdict with its endpoint", () => {
  const verdicts = verdictsOf();
  const endpoint: PipeEndpoint = { kind: "pipe", open: () => Promise.reject(new Error("not opened")) };
  verdicts.set(endpoint, { era: "modern" });
  expect(verdicts.get(endpoint)?.era).toBe("modern");
  expect(verdicts.get({ ...endpoint })).toBeUndefined();
  verdicts.drop(endpoint);
  expect(verdicts.get(endpoint)).toBeUndefined();
});
