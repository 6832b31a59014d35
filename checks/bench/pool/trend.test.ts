import { expect, it } from "vitest";
import { growth, slopeOf } from "./trend.ts";

it("tells by how many percent the last of the values exceeds the first", () => {
  expect(growth([200, 900, 210])).toBeCloseTo(5);
  expect(growth([200, 190])).toBeCloseTo(-5);
  expect(growth([])).toBeNaN();
});

it("finds the slope of a straight line, and of what scatters evenly about one", () => {
  const line = [20, 30, 40, 50].map((x) => [x, 7 + 3 * x] as const);
  expect(slopeOf(line)).toBeCloseTo(3);
  const scattered = [...line, [35, 7 + 3 * 35 + 50], [35, 7 + 3 * 35 - 50]] as const;
  expect(slopeOf(scattered)).toBeCloseTo(3);
});
