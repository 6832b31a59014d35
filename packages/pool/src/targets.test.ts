import { expect, it } from "vitest";
import { fakeConnector, targetOf, userScope } from "../test/fake-connector.ts";
import { Targets } from "./targets.ts";

const loose = targetOf(fakeConnector().upstreamOf("files"), userScope("ada"));
const scope = Object.freeze({ ...loose.scope });
const server = Object.freeze({ ...loose.server });

it("a target that cannot change is checked once", () => {
  const targets = new Targets();
  const target = Object.freeze({ ...loose, scope, server });
  expect(targets.read(target)).toBe(targets.read(target));
});

it.each([
  ["is not frozen", { ...loose, scope, server }],
  ["has a scope that is not frozen", Object.freeze({ ...loose, server })],
  ["has a server that is not frozen", Object.freeze({ ...loose, scope })],
])("a target that %s is read anew each time, and stays what it was for whoever has asked", (_, target) => {
  const targets = new Targets();
  const read = targets.read(target);
  expect(targets.read(target)).not.toBe(read);
  expect(read).toMatchObject({ scope: loose.scope, server: loose.server });
});
