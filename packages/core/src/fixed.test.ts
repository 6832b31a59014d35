import { expect, it } from "vitest";
import { isFixed } from "./fixed.ts";

class Named {
  readonly name = "ada";
}

it.each([
  ["a frozen object", Object.freeze({ name: "ada" }), true],
  ["one without a prototype", Object.freeze(Object.assign(Object.create(null) as object, { a: 1 })), true],
  ["one that can change", { name: "ada" }, false],
  [
    "one that computes",
    Object.freeze({
      get name() {
        return "ada";
      },
    }),
    false,
  ],
  ["one of a class", Object.freeze(new Named()), false],
  ["one that inherits", Object.freeze(Object.create({ name: "ada" }) as object), false],
  [
    "one whose prototype computes",
    Object.freeze(Object.create(Object.create(null, { name: { get: () => "ada" } }) as object) as object),
    false,
  ],
])("knows %s", (_, object, is) => {
  expect(isFixed(object)).toBe(is);
});
