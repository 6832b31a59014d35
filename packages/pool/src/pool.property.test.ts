import fc from "fast-check";
import { expect, it } from "vitest";
import { poolEvents, Tally } from "../proof/events.ts";
import { poolProperty } from "../proof/property.ts";
import { createPool } from "./index.ts";

it("keeps every rule in whatever order things happen, and meets everything that the rules are about", async () => {
  const tally = new Tally();
  await fc.assert(poolProperty(createPool, { tally }), { numRuns: 3_000 });
  expect(poolEvents.filter((event) => tally.of(event).runs < 5)).toEqual([]);
}, 60_000);
