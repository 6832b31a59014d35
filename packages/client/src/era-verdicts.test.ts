import type { PipeEndpoint } from "@tenantry/core";
import { manualClock } from "@tenantry/testing";
import { test as it, expect } from "vitest";
import { EraVerdicts } from "./era-verdicts.ts";

const verdictsOf = (clock = manualClock()) =>
  new EraVerdicts({ maxEraVerdicts: 2, legacyVerdictTtlMs: 1_000, clock });
const url = (name: string) => new URL(`https://${name}.example/mcp`);

it("forgets the server that was asked about least recently", () => {
  const verdicts = verdictsOf();
  verdicts.set(url("a"), "modern");
  verdicts.set(url("b"), "modern");
  expect(verdicts.get(url("a"))).toBe("modern");
  verdicts.set(url("c"), "legacy");
  expect([url("a"), url("b"), url("c")].map((one) => verdicts.get(one))).toEqual([
    "modern",
    undefined,
    "legacy",
  ]);
});

it("lets a legacy verdict grow old, confirmed or not, and a modern one not", async () => {
  const clock = manualClock();
  const verdicts = verdictsOf(clock);
  verdicts.set(url("a"), "legacy");
  verdicts.set(url("b"), "modern");
  await clock.advance(999);
  verdicts.set(url("a"), "legacy");
  expect(verdicts.get(url("a"))).toBe("legacy");
  await clock.advance(1);
  expect(verdicts.get(url("a"))).toBeUndefined();
  expect(verdicts.get(url("b"))).toBe("modern");
});

it("keeps a pipe's verdict with its endpoint", () => {
  const verdicts = verdictsOf();
  const endpoint: PipeEndpoint = { kind: "pipe", open: () => Promise.reject(new Error("not opened")) };
  verdicts.set(endpoint, "modern");
  expect(verdicts.get(endpoint)).toBe("modern");
  expect(verdicts.get({ ...endpoint })).toBeUndefined();
  verdicts.drop(endpoint);
  expect(verdicts.get(endpoint)).toBeUndefined();
});
