import fc from "fast-check";
import { expect, it } from "vitest";
import { poolEvents, Tally } from "../proof/events.ts";
import { poolProperty } from "../proof/property.ts";
import { createPool } from "./index.ts";

it("keeps every rule in whatever order things happen, and meets everything that the rules are about", async () => {
  const tally = new Tally();
  const unmet = () => poolEvents.filter((event) => tally.of(event).runs < 5);
  // The rarest events come in one run of some hundreds, so chance now and then asks for more runs than usual.
  for (let batch = 0; batch < 4 && (batch === 0 || unmet().length > 0); batch++)
    await fc.assert(poolProperty(createPool, { tally }), { numRuns: 3_000 });
  expect(unmet()).toEqual([]);
}, 120_000);
