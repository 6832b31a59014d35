import type { ServerFacts } from "@tenantry/core";
import fc from "fast-check";
import { expect, test as it } from "vitest";
import { SharedFacts } from "./shared-facts.ts";

const named = (name: string): ServerFacts => ({ capabilities: {}, serverInfo: { name, version: "1" } });
const full = (): ServerFacts => ({
  capabilities: { tools: { listChanged: true }, experimental: { deep: { list: [{ a: 1 }] } } },
  serverInfo: { name: "odd", version: "1" },
  instructions: "Ask.",
});

it("keeps the very same once, and nothing else", () => {
  const facts = new SharedFacts();
  expect(facts.of(full())).toBe(facts.of(full()));
  expect(facts.of(full())).toEqual(full());
  expect(facts.of({ ...full(), instructions: "Ask!" })).not.toBe(facts.of(full()));
  expect(facts.of({ capabilities: {}, instructions: undefined })).toBe(facts.of({ capabilities: {} }));
  expect(facts.size).toBe(3);
});

it("shares what is equal, whatever a server says", () => {
  const anything = fc.record({
    capabilities: fc.dictionary(fc.string(), fc.jsonValue()),
    instructions: fc.string(),
  });
  fc.assert(
    fc.property(anything, anything, (one, other) => {
      const facts = new SharedFacts();
      const [first, second] = [facts.of(one as ServerFacts), facts.of(other as ServerFacts)];
      expect(JSON.parse(JSON.stringify(first))).toEqual(JSON.parse(JSON.stringify(one)));
      expect(first === second).toBe(JSON.stringify(one) === JSON.stringify(other));
    }),
  );
});

it("lets nobody change what another one sees, and changes nothing that it was given", () => {
  const facts = new SharedFacts();
  const given = full();
  const shared = facts.of(given);
  const everyObject = (value: unknown): object[] =>
    typeof value === "object" && value !== null ? [value, ...Object.values(value).flatMap(everyObject)] : [];
  expect(everyObject(shared)).toHaveLength(8);
  for (const one of everyObject(shared)) expect(Object.isFrozen(one)).toBe(true);
  for (const one of everyObject(given)) expect(Object.isFrozen(one)).toBe(false);
  (given.capabilities as { experimental: { deep: object } }).experimental.deep = { changed: true };
  expect(shared).toEqual(full());
});

it("forgets what was asked for least recently", () => {
  const facts = new SharedFacts();
  const [kept, forgotten] = [facts.of(named("kept")), facts.of(named("forgotten"))];
  for (let one = 0; one < 255; one++) {
    facts.of(named(`other ${one}`));
    facts.of(named("kept"));
  }
  expect(facts.size).toBe(256);
  expect(facts.of(named("kept"))).toBe(kept);
  expect(facts.of(named("forgotten"))).not.toBe(forgotten);
});

it("keeps little of a server that says much, and something new each time", () => {
  const facts = new SharedFacts();
  const kept = facts.of(named("kept"));
  const huge = { capabilities: {}, instructions: "x".repeat(100_000) };
  expect(facts.of(huge)).toEqual(huge);
  expect(Object.isFrozen(facts.of(huge))).toBe(true);
  expect(facts.size).toBe(1);
  expect(facts.of(named("kept"))).toBe(kept);
  for (let one = 0; one < 100; one++)
    facts.of({ capabilities: {}, instructions: `${one}${"x".repeat(40_000)}` });
  expect(facts.size).toBeLessThan(30);
});
