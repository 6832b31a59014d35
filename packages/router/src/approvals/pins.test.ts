import type { Json } from "@tenantry/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Pins } from "./pins.ts";

const pinOf = (definition: object) => new Pins().of(definition);
const tool = {
  name: "search",
  title: "Search",
  description: "Searches \u00e9verywhere.",
  inputSchema: { type: "object", properties: { q: { type: "string" } }, required: ["q"] },
  annotations: { readOnlyHint: true },
  _meta: { ui: { resourceUri: "ui://search" } },
};

it("PIN-02: is the same whatever the order of keys", () => {
  const shuffled = (value: Json): Json =>
    typeof value !== "object" || value === null || Array.isArray(value)
      ? value
      : Object.fromEntries(
          Object.entries(value)
            .toReversed()
            .map(([key, one]) => [key, shuffled(one as Json)]),
        );
  expect(pinOf(shuffled(tool) as object)).toBe(pinOf(tool));
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (given) => {
      const value = JSON.parse(JSON.stringify(given)) as { [key: string]: Json };
      expect(pinOf(shuffled(value) as object)).toBe(pinOf(value));
    }),
  );
});

it.each<[string, object]>([
  ["a space in a text", { ...tool, description: `${tool.description} ` }],
  ["the normal form of a text", { ...tool, description: tool.description.normalize("NFD") }],
  ["the order of a list", { ...tool, inputSchema: { ...tool.inputSchema, required: ["q", "q"] } }],
  ["a title", { ...tool, title: "search" }],
  ["an annotation", { ...tool, annotations: { readOnlyHint: false } }],
  ["an output schema", { ...tool, outputSchema: { type: "object" } }],
  ["an icon", { ...tool, icons: [{ src: "https://a.example/i.png" }] }],
  ["_meta", { ...tool, _meta: { ui: { resourceUri: "ui://other" } } }],
  ["a member that nobody knows", { ...tool, execution: { taskSupport: "required" } }],
])("PIN-02: differs by %s", (_what, other) => {
  expect(pinOf(other)).not.toBe(pinOf(tool));
});

it("is made once for a definition", () => {
  let reads = 0;
  const counted = {
    get name() {
      return `read ${++reads}`;
    },
  };
  const pins = new Pins();
  expect(pins.of(counted)).toBe(pins.of(counted));
  expect(reads).toBe(1);
});

it("is none where there is no canonical form", () => {
  for (const description of ["\ud800", Number.NaN]) expect(pinOf({ ...tool, description })).toBeUndefined();
});
