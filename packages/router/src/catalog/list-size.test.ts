import { describe, expect, it } from "vitest";
import { sizeUpTo } from "./list-size.ts";

describe("sizeUpTo", () => {
  it.each<[unknown, number]>([
    ["four", 20],
    [7, 16],
    [null, 16],
    [[], 16],
    [{ key: "four" }, 39],
    [[[1], { a: [true] }], 97],
  ])("counts the characters of %j and 16 for each value", (value, size) => {
    expect(sizeUpTo(1_000, value)).toBe(size);
  });

  it("stops where it is too much, at any depth and width", () => {
    const endless: unknown[] = [];
    endless.push("x", endless);
    expect(sizeUpTo(1_000, endless)).toBeGreaterThan(1_000);
    expect(
      sizeUpTo(
        1_000,
        Array.from({ length: 1_000_000 }, () => 0),
      ),
    ).toBeGreaterThan(1_000);
  });
});
