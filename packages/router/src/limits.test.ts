import { describe, expect, it } from "vitest";
import { checkTimeout, routerLimits } from "./limits.ts";

describe("routerLimits", () => {
  it("fills in the defaults and freezes", () => {
    const limits = routerLimits(Object.freeze({ maxPages: 3 }));
    expect(limits).toMatchObject({ maxPages: 3, maxTools: 10_000, listTimeoutMs: 30_000 });
    expect(Object.isFrozen(limits)).toBe(true);
  });

  it("takes undefined for the default", () => {
    const given = { maxPages: undefined } as object;
    expect(routerLimits(given)).toMatchObject({ maxPages: 64 });
  });

  it.each([
    { maxPages: 0 },
    { maxTools: 1.5 },
    { maxPages: Number.NaN },
    { listTimeoutMs: 2 ** 31 },
    { other: 1 },
  ])("refuses %j", (limits) => {
    expect(() => routerLimits(limits)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });
});

describe("checkTimeout", () => {
  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 86_400_001])("refuses %d", (timeoutMs) => {
    expect(() => checkTimeout(timeoutMs)).toThrow(expect.objectContaining({ code: "ARGUMENT_INVALID" }));
  });
});
