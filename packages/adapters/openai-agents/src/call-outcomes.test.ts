import { TenantryError } from "@tenantry/core";
import { expect, it } from "vitest";
import { CallOutcomes } from "./call-outcomes.ts";

it("gives an outcome to its own run, and once", () => {
  const outcomes = new CallOutcomes();
  const [ada, bob] = [{}, {}];
  outcomes.ended(ada, "call-1", { content: [], structuredContent: { of: "ada" } });
  outcomes.ended(bob, "call-1", new TenantryError("TIMEOUT", "Try again."));
  outcomes.ended(bob, undefined, { content: [], isError: true });
  expect(outcomes.take(ada, "call-1")).toEqual({ structuredContent: { of: "ada" } });
  expect(outcomes.take(ada, "call-1")).toBeUndefined();
  expect(outcomes.take(bob, "call-1")).toMatchObject({ failure: { code: "TIMEOUT" } });
  expect(outcomes.take({}, "call-1")).toBeUndefined();
});
