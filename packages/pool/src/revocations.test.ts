import { expect, it } from "vitest";
import { fakeConnector, targetOf, userScope } from "../test/fake-connector.ts";
import { Revocations } from "./revocations.ts";

const target = targetOf(fakeConnector().upstreamOf("files"), userScope("ada"));

it("concern what they select, and only where they came later", () => {
  const revocations = new Revocations();
  revocations.add({ server: "files" });
  const before = revocations.count;
  expect(revocations.concern(0, target, "s")).toBe(true);
  expect(revocations.concern(before, target, "s")).toBe(false);
  revocations.add({ subject: "other" });
  expect(revocations.concern(before, target, "s")).toBe(false);
  expect(revocations.concern(before, target, "other")).toBe(true);
});

it("concern everybody once they are too many to be remembered, and nobody who came after those", () => {
  const revocations = new Revocations();
  for (let count = 0; count < 10_001; count++) revocations.add({ user: "eve", workspace: "acme" });
  expect(revocations.concern(0, target, "s")).toBe(true);
  expect(revocations.concern(1, target, "s")).toBe(false);
});
