import { principalOf, scopeOf, serverId, type Route } from "@tenantry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { choose, positionOf, shareOf } from "./choice.ts";

const docs = serverId("docs");
const scope = (user: string, session?: string) =>
  scopeOf(principalOf({ workspace: "acme", user, session }), "user");
const positions = Array.from({ length: 2_000 }, (_none, index) => positionOf(scope(`user-${index}`), docs));
const share = (of: number): Route => ({ to: "new", share: of, rest: "old" });

describe("positionOf", () => {
  it("is a person's own, in every session, and another one at another server", () => {
    const ada = positionOf(scope("ada"), docs);
    expect(positionOf(scope("ada", "one"), docs)).toBe(ada);
    expect(positionOf(scope("ada"), serverId("wiki"))).not.toBe(ada);
    expect(positionOf(scopeOf(principalOf({ workspace: "globex", user: "ada" }), "user"), docs)).not.toBe(
      ada,
    );
    // It must not change from one version to the next, or people would move.
    expect(ada).toBeCloseTo(0.0541, 4);
  });

  it("is one for all who share a connection", () => {
    const shared = (user: string) => scopeOf(principalOf({ workspace: "acme", user }), "workspace");
    expect(positionOf(shared("ada"), docs)).toBe(positionOf(shared("bob"), docs));
  });

  it("spreads people evenly", () => {
    for (const part of [0.1, 0.25, 0.5, 0.9]) {
      const led = positions.filter((position) => choose(share(part), position).first === "new").length;
      expect(led / positions.length).toBeCloseTo(part, 1);
    }
  });
});

describe("choose", () => {
  it("leads everybody, nobody, or the same ones and more as the share grows", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (a, b) => {
          const [less, more] = a < b ? [a, b] : [b, a];
          for (const position of positions.slice(0, 50))
            if (choose(share(less), position).first === "new")
              expect(choose(share(more), position)).toEqual({ first: "new" });
        },
      ),
    );
    for (const position of positions) {
      expect(choose("old", position)).toEqual({ first: "old" });
      expect(choose(share(0), position)).toEqual({ first: "old" });
      expect(choose(share(1), position)).toEqual({ first: "new" });
    }
    expect(choose({ to: "new", fallback: "old" }, 0.5)).toEqual({ first: "new", fallback: "old" });
  });
});

describe("shareOf", () => {
  it.each<[Route, number, number]>([
    ["new", 1, 0],
    [share(0.25), 0.25, 0.75],
    [{ to: "new", fallback: "old" }, 1, 0],
    ["other", 0, 0],
  ])("of %j", (route, ofNew, ofOld) => {
    expect([shareOf(route, "new"), shareOf(route, "old")]).toEqual([ofNew, ofOld]);
  });
});
