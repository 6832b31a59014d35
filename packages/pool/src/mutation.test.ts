import fc from "fast-check";
import { expect, it } from "vitest";
import { faults, withFault } from "../proof/faults.ts";
import { poolRule } from "../proof/property.ts";

it.each(faults)("the proof finds it where $what", async (fault) => {
  await using faulty = await withFault(fault);
  const result = await fc.check(poolRule(faulty.createPool, fault.breaks), {
    numRuns: 2_000,
    endOnFailure: true,
  });
  expect(result.failed).toBe(true);
});
