import { expect, it } from "vitest";
import { credentialOf } from "../test/fake-connector.ts";
import { Carried } from "./carried.ts";
import type { Resolved } from "./resolver.ts";

const resolved = (order: number, generation = String(order)): Resolved => ({
  credential: credentialOf("s", generation),
  subject: "s",
  generation,
  order,
  asOf: 0,
});

it("is replaced by what was resolved later, and not by what was resolved earlier and comes late", () => {
  const carried = new Carried(resolved(2));
  carried.replace(resolved(1));
  expect(carried.resolved.order).toBe(2);
  carried.replace(resolved(3));
  expect(carried.resolved.order).toBe(3);
});
