import { CounterTable, principalOf, TenantryError, type Counters, type ServerId } from "@tenantry/core";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../test/manual-clock.ts";
import type { CountedCall, Taken } from "./limit.ts";
import type { Quota } from "./quota.ts";
import { Quotas } from "./quotas.ts";

const clock = new ManualClock();

function quotas(given: readonly Quota[], counters?: Counters): Quotas {
  return new Quotas([{ quotas: given, path: "quotas" }], { clock, store: counters && { counters } });
}

function call(user: string, tool = "read", workspace = "acme"): CountedCall {
  return { principal: principalOf({ workspace, user }), server: "files" as ServerId, tool };
}

/** Says whether the call may be made, or after how long. */
async function outcome(of: Quotas, one: CountedCall): Promise<unknown> {
  try {
    await of.take(one);
    return "taken";
  } catch (failure) {
    if (!(failure instanceof TenantryError)) throw failure;
    expect(failure).toMatchObject({ code: "RATE_LIMITED", retryable: true, delivery: "unsent" });
    return failure.retryAfterMs;
  }
}

/** What a store does, with another clock than this process's; it can be out of reach. */
function storeCounters(aheadMs = 1_000_000) {
  const theirs = new ManualClock();
  theirs.advance(aheadMs);
  const local = new CounterTable({ clock: theirs });
  const asked: string[] = [];
  const state = { isDown: false };
  const counters: Counters = {
    add: async (name, points, { ttlMs }) => {
      asked.push(name);
      if (state.isDown) throw new TenantryError("STORE_UNAVAILABLE", "It is down.");
      return { ...local.add(name, points, ttlMs) };
    },
    get: async () => undefined,
    reset: async () => {},
  };
  return { counters, asked, state, theirs };
}

describe("a rate", () => {
  it("holds for a window, and says when the next one begins", async () => {
    const of = quotas([{ per: ["user"], calls: 2, windowMs: 1_000 }]);
    expect(await outcome(of, call("ada"))).toBe("taken");
    clock.advance(400);
    expect(await outcome(of, call("ada"))).toBe("taken");
    expect(await outcome(of, call("ada", "write"))).toBe(600);
    expect(await outcome(of, call("bob"))).toBe("taken");
    clock.advance(600);
    expect(await outcome(of, call("ada"))).toBe("taken");
  });

  it("is counted apart by what it says, and by workspace whatever it says", async () => {
    const of = quotas([{ per: ["tool"], calls: 1 }]);
    expect(await outcome(of, call("ada"))).toBe("taken");
    expect(await outcome(of, call("bob"))).toBeTypeOf("number");
    expect(await outcome(of, call("bob", "write"))).toBe("taken");
    expect(await outcome(of, call("ada", "read", "globex"))).toBe("taken");
  });

  it("is of the named servers and tools alone", async () => {
    const of = quotas([{ tool: ["write*"], server: "files", calls: 1 }]);
    expect(await outcome(of, call("ada", "write_a"))).toBe("taken");
    expect(await outcome(of, call("ada", "write_b"))).toBeTypeOf("number");
    expect(await outcome(of, call("ada", "read"))).toBe("taken");
  });

  it("of a user does not use up what everybody shares once it is used up itself", async () => {
    const of = quotas([{ calls: 3 }, { per: ["user"], calls: 1 }]);
    expect(await outcome(of, call("ada"))).toBe("taken");
    for (let again = 0; again < 20; again++) expect(await outcome(of, call("ada"))).toBeTypeOf("number");
    expect(await outcome(of, call("bob"))).toBe("taken");
    expect(await outcome(of, call("eve"))).toBe("taken");
    expect(await outcome(of, call("mallory"))).toBeTypeOf("number");
  });
});

describe("a concurrency", () => {
  it("ends with the calls, each of which gives back once", () => {
    const of = quotas([{ per: ["user"], concurrent: 2 }]);
    const first = of.take(call("ada")) as Taken;
    void of.take(call("ada"));
    expect(() => of.take(call("ada"))).toThrow("[RATE_LIMITED]");
    expect(of.take(call("bob"))).toBeTypeOf("function");
    first();
    first();
    void of.take(call("ada"));
    expect(() => of.take(call("ada"))).toThrow("[RATE_LIMITED]");
  });

  it("is given back where another quota refuses the call", async () => {
    const { counters } = storeCounters();
    for (const shared of [false, true]) {
      const of = quotas(
        [
          { per: ["user"], concurrent: 1 },
          { calls: 1, shared },
        ],
        counters,
      );
      ((await of.take(call("ada"))) as Taken)();
      expect(await outcome(of, call("ada"))).toBeTypeOf("number");
      expect(await outcome(of, call("ada"))).toBeTypeOf("number");
    }
  });
});

describe("a rate that is shared", () => {
  const rate: Quota = { per: ["user"], calls: 2, windowMs: 1_000, shared: true };

  it("is counted by the store for all processes, whose clock may be another one", async () => {
    const { counters } = storeCounters();
    const [one, other] = [quotas([rate], counters), quotas([rate], counters)];
    expect(await outcome(one, call("ada"))).toBe("taken");
    expect(await outcome(other, call("ada"))).toBe("taken");
    expect(await outcome(one, call("ada"))).toBe(1_000);
    expect(await outcome(other, call("bob"))).toBe("taken");
  });

  it("names nobody in the store, and does not ask it again for a window that is used up", async () => {
    const { counters, asked, theirs } = storeCounters();
    const of = quotas([rate], counters);
    for (let times = 0; times < 9; times++) await outcome(of, call("ada"));
    expect(asked).toHaveLength(3);
    for (const name of asked) expect(name).toMatch(/^[0-9a-f]{64}$/u);
    clock.advance(1_000);
    theirs.advance(1_000);
    expect(await outcome(of, call("ada"))).toBe("taken");
  });

  it("is refused for a moment at least, where the store's clock is far behind", async () => {
    const { counters, asked } = storeCounters(clock.now() - 2_000_000);
    const of = quotas([rate], counters);
    const outcomes: unknown[] = [];
    for (let times = 0; times < 5; times++) outcomes.push(await outcome(of, call("ada")));
    expect(outcomes).toEqual(["taken", "taken", 1, 1, 1]);
    expect(asked).toHaveLength(3);
  });

  it("is counted by each process for itself while the store is out of reach", async () => {
    const { counters, state } = storeCounters();
    const of = quotas([rate], counters);
    state.isDown = true;
    expect(await outcome(of, call("ada"))).toBe("taken");
    expect(await outcome(of, call("ada"))).toBe("taken");
    expect(await outcome(of, call("ada"))).toBeTypeOf("number");
  });

  it("needs a store", () => {
    expect(() => quotas([rate])).toThrow("[CONFIG_INVALID]");
  });
});

it.each<[unknown, string]>([
  [[{}], "quotas.0: expected calls, concurrent or both"],
  [[{ calls: 0 }], "quotas.0.calls: "],
  [[{ calls: 1, window: 5 }], 'quotas.0: unknown key "window" (there are per,'],
  [[{ calls: 1, per: ["users"] }], "quotas.0.per.0: "],
  [{ calls: 1 }, "quotas: "],
])("%j is refused with its path", (given, message) => {
  expect(() => quotas(given as Quota[])).toThrow(`[CONFIG_INVALID] ${message}`);
});
