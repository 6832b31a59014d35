import { describe, expect, it } from "vitest";
import { fillLimits } from "./limits.ts";

const defaults = { maxThings: 10, waitMs: 1_000, graceMs: 5, maxBytes: 100 };
const rules = { mayBeZero: ["graceMs"], mayBeInfinite: ["maxBytes"] } as const;

describe("fillLimits", () => {
  it("fills in the defaults, freezes, and leaves what it was given alone", () => {
    const limits = fillLimits(Object.freeze({ maxThings: 3 }), defaults, rules);
    expect(limits).toEqual({ maxThings: 3, waitMs: 1_000, graceMs: 5, maxBytes: 100 });
    expect(Object.isFrozen(limits)).toBe(true);
    expect(fillLimits(undefined, defaults)).toEqual(defaults);
  });

  it("takes 0 and Infinity only where they are allowed", () => {
    expect(fillLimits({ graceMs: 0, maxBytes: Infinity }, defaults, rules)).toMatchObject({
      graceMs: 0,
      maxBytes: Infinity,
    });
    expect(() => fillLimits({ waitMs: 0 }, defaults, rules)).toThrow(
      /limits\.waitMs: expected .* from 1 to 2147483647/u,
    );
    expect(() => fillLimits({ maxThings: Infinity }, defaults, rules)).toThrow(/limits\.maxThings/u);
  });

  it.each([-1, 1.5, Number.NaN, "5", null, 2 ** 31])("refuses %j as a duration", (value) => {
    const refused = expect.objectContaining({ code: "CONFIG_INVALID" }) as Error;
    expect(() => fillLimits({ waitMs: value as number }, defaults, rules)).toThrow(refused);
  });

  it.each([null, 5, "none", []])("refuses %j instead of limits", (given) => {
    expect(() => fillLimits(given as object, defaults)).toThrow(/limits: expected an object/u);
  });

  it.each(["maxThing", "__proto__", "toString"])("refuses a limit that there is not: %s", (name) => {
    const given = JSON.parse(`{${JSON.stringify(name)}: 1}`) as object;
    expect(() => fillLimits(given, defaults)).toThrow(/limits has no .* use maxThings, waitMs/u);
  });
});
