import { expect, it } from "vitest";
import { nameOfStep, stepOf } from "./pointer.ts";

it.each([
  ["a/b", "a~1b"],
  ["a~b", "a~0b"],
  ["a~1b", "a~01b"],
  ["~/", "~0~1"],
])("spells the name %s as the step %s, and reads it back", (name, step) => {
  expect(stepOf(name)).toBe(step);
  expect(nameOfStep(step)).toBe(name);
});
