import { afterEach, describe, expect, it, vi } from "vitest";
import { Bound } from "./bound.ts";
import { Lane } from "./lane.ts";
import { Lanes } from "./lanes.ts";

/** Lanes whose items are their names, and the order in which they were let in. */
function start(max: Readonly<Record<string, readonly [rank: number, max: number]>>) {
  const admitted: string[] = [];
  const lanes = new Lanes<string, Bound>({
    admit: (name) => admitted.push(name),
    makeBound: (options) => new Bound(options),
  });
  const lane = (user: string, ...keys: string[]) => {
    const rankOf = (key: string) => max[key]?.[0] ?? 0;
    const bounds = keys.map((key) => ({
      limit: key,
      key,
      max: max[key]?.[1] ?? 1,
      within: keys.filter((other) => rankOf(other) > rankOf(key)),
    }));
    return lanes.hold({ key: [user, ...keys].join(), user, party: user, bounds });
  };
  const enter = (lane: Lane<string>) => expect(lane.enter()).toBe(true);
  return { admitted, lanes, lane, enter };
}

afterEach(() => vi.restoreAllMocks());

describe("a lane", () => {
  it("holds nothing while it waits, so that a full server uses up no workspace", () => {
    const { admitted, lane, enter } = start({ hung: [0, 1], fine: [0, 9], acme: [1, 2] });
    const [ada, bob] = [lane("ada", "hung", "acme"), lane("bob", "fine", "acme")];
    enter(ada);
    expect(ada.enter()).toBe(false);
    ada.wait("ada");
    enter(bob);
    ada.leave();
    expect(admitted).toEqual(["ada"]);
  });

  it("goes in only when every bound has room, whichever gets it first", () => {
    for (const order of [
      ["one", "other"],
      ["other", "one"],
    ]) {
      const { admitted, lane, enter } = start({ one: [0, 1], other: [0, 1] });
      const holders = { one: lane("ada", "one"), other: lane("bob", "other") };
      Object.values(holders).forEach(enter);
      lane("eve", "one", "other").wait("eve");
      holders[order[0] as "one"].leave();
      expect(admitted).toEqual([]);
      holders[order[1] as "one"].leave();
      expect(admitted).toEqual(["eve"]);
    }
  });

  it("moves on to the line of another bound and lets the next one try", () => {
    const { admitted, lane, enter } = start({ server: [0, 1], ada: [0, 1], bob: [0, 1] });
    const [holder, other] = [lane("eve", "server"), lane("ada", "ada")];
    [holder, other].forEach(enter);
    const ada = lane("ada", "ada", "server");
    ada.wait("ada");
    expect(ada.waitsFor?.key).toContain("ada");
    const late = lane("kim", "server", "ada");
    late.wait("kim");
    expect(late.waitsFor?.key).toContain("server");
    lane("bob", "bob", "server").wait("bob");
    holder.leave();
    expect(late.waitsFor?.key).toContain("ada");
    expect(admitted).toEqual(["bob"]);
  });

  it("is let in by whoever gives up ahead of it", () => {
    const { admitted, lane, enter } = start({ server: [0, 1], acme: [1, 2] });
    const [first, second] = [lane("a", "server", "acme"), lane("b", "acme")];
    [first, second].forEach(enter);
    const [one, two, three] = ["x", "y", "z"].map((user) => lane(user, "server", "acme"));
    lane("v", "acme").wait("v");
    const place = one!.wait("x");
    two!.wait("y");
    three!.wait("z");
    // The workspace's place goes to the one who waited for it; the server's is x's, once the workspace has another.
    first.leave();
    expect([admitted, one!.waitsFor?.key, two!.waitsFor?.key]).toEqual([["v"], "acme acme", "server server"]);
    one!.withdraw(place);
    expect(two!.waitsFor?.key).toBe("acme acme");
    second.leave();
    expect(admitted).toEqual(["v", "y"]);
  });

  it("serves its own first come, first served, and takes turns with the other lanes of its user", () => {
    const { admitted, lane, enter } = start({ acme: [0, 1] });
    const [one, other] = [lane("ada", "acme"), lane("bob", "acme")];
    enter(other);
    for (const name of ["a1", "a2", "a3"]) one.wait(name);
    other.wait("b1");
    for (let round = 0; round < 4; round++) (admitted.at(-1)?.startsWith("a") ? one : other).leave();
    expect(admitted).toEqual(["a1", "b1", "a2", "a3"]);
  });

  it("stands behind those who wait for a bound already, even where that has room", () => {
    const { admitted, lane, enter } = start({ server: [0, 1], acme: [1, 2] });
    const [first, second] = [lane("a", "server", "acme"), lane("b", "acme")];
    [first, second].forEach(enter);
    for (const user of ["x", "y"]) lane(user, "server", "acme").wait(user);
    lane("v", "acme").wait("v");
    first.leave();
    // The server has room for x, who waits for the workspace; y and whoever comes now wait for the server.
    const late = lane("z", "server", "acme");
    late.wait("z");
    expect([admitted, late.waitsFor?.key]).toEqual([["v"], "server server"]);
  });

  it("keeps its user's turn for the user's next lane where it is still kept out", () => {
    const { admitted, lane, enter } = start({ server: [0, 1], acme: [1, 2] });
    const [first, second] = [lane("a", "acme"), lane("b", "acme")];
    [first, second].forEach(enter);
    lane("x", "server", "acme").wait("x");
    lane("ada", "server", "acme").wait("ada at the server");
    lane("ada", "acme").wait("ada");
    lane("bob", "acme").wait("bob");
    first.leave();
    expect(admitted).toEqual(["x"]);
    second.leave();
    expect(admitted).toEqual(["x", "ada"]);
  });

  it("makes way for its user's next lane when it moves on to a narrower bound", () => {
    const { admitted, lane, enter } = start({ server: [0, 1], ada: [0, 1], acme: [1, 2] });
    const [first, second] = [lane("ada", "ada", "acme"), lane("b", "acme")];
    [first, second].forEach(enter);
    lane("ada", "ada", "server", "acme").wait("ada at the server");
    lane("ada", "ada", "acme").wait("ada");
    for (const user of ["u", "v"]) lane(user, "acme").wait(user);
    lane("w", "server", "acme").wait("w");
    // The user has room for one, who waits for the workspace behind u, v and w.
    first.leave();
    expect(admitted).toEqual(["u"]);
    second.leave();
    lane("u", "acme").leave();
    expect(admitted).toEqual(["u", "v", "w"]);
    // Now the server is full.
    lane("v", "acme").leave();
    expect(admitted).toEqual(["u", "v", "w", "ada"]);
  });
});

describe("the work for a place that comes free", () => {
  /** One server in one workspace, both full; a place under either comes free while the other is full, in turns. */
  function retriesWith(users: number, rounds: number): number {
    const { admitted, lane, enter } = start({ server: [0, 1], acme: [1, 2] });
    const retry = vi.spyOn(Lane.prototype, "retry");
    let [onServer, elsewhere] = [lane("a", "server", "acme"), lane("b", "acme")];
    [onServer, elsewhere].forEach(enter);
    for (let user = 0; user < users; user++) lane(`u${user}`, "server", "acme").wait(`u${user}`);
    for (let round = 0; round < rounds; round++) {
      // The workspace's place goes to one who needs nothing else, so that the server has room and nobody may have it.
      const other = lane(`z${round}`, "acme");
      other.wait(`z${round}`);
      onServer.leave();
      expect(admitted.at(-1)).toBe(`z${round}`);
      // Now the workspace has room, and the server with it.
      elsewhere.leave();
      onServer = lane(admitted.at(-1)!, "server", "acme");
      elsewhere = other;
    }
    expect(admitted).toHaveLength(2 * rounds);
    const { length } = retry.mock.calls;
    retry.mockRestore();
    return length;
  }

  it("does not grow with the users that wait", () => {
    const few = retriesWith(50, 40);
    expect(few).toBeLessThanOrEqual(4 * 40);
    expect(retriesWith(1_000, 40)).toBe(few);
  });
});

it("forgets lanes and bounds with their last holder", () => {
  const { lanes, lane } = start({ server: [0, 1], acme: [1, 2] });
  const [one, again, other] = [lane("a", "server", "acme"), lane("a", "server", "acme"), lane("b", "acme")];
  expect([one === again, lanes.size]).toEqual([true, 4]);
  lanes.drop(one);
  expect(lanes.size).toBe(4);
  lanes.drop(again);
  expect(lanes.size).toBe(2);
  lanes.drop(other);
  expect(lanes.size).toBe(0);
});

it("counts towards the bound that is passed only until then, and again when it comes anew", () => {
  const { admitted, lanes } = start({});
  const bounds = [
    { limit: "door", key: "door", max: 1, within: ["room"] },
    { limit: "room", key: "room", max: 2, within: [] },
  ];
  const [ada, bob, kim] = ["ada", "bob", "kim"].map((user) =>
    lanes.hold({ key: user, user, party: user, bounds, passing: ["door"] }),
  );
  expect([ada!.enter(), bob!.enter()]).toEqual([true, false]);
  bob!.wait("bob");
  kim!.wait("kim");
  ada!.passed();
  expect(admitted).toEqual(["bob"]);
  bob!.passed();
  // The door is free, and the room is full.
  expect([admitted, kim!.waitsFor?.limit]).toEqual([["bob"], "room"]);
  ada!.leave();
  expect(admitted).toEqual(["bob", "kim"]);
});
