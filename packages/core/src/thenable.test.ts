import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { isThenable } from "./index.ts";

it.each([
  ["a promise", Promise.resolve()],
  ["one of another realm", runInNewContext("Promise.resolve()")],
  ["an object that can be awaited", { then() {} }],
  ["a function that can be awaited", Object.assign(() => {}, { then() {} })],
])("takes %s for a promise", (_, value: unknown) => {
  expect(isThenable(value)).toBe(true);
});

it.each([undefined, null, "then", 0, {}, { then: true }, () => {}])(
  "takes no other value for one: %s",
  (value) => {
    expect(isThenable(value)).toBe(false);
  },
);
