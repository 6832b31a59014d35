import { TenantryError, type ErrorCode, type ErrorDetails, type Origin, type ServerId } from "@tenantry/core";
import { beforeEach, describe, expect, it } from "vitest";
import { stepClock, type StepClock } from "../../test/step-clock.ts";
import type { PoolKey } from "../keys.ts";
import { defaultTroubleLimits } from "./limits.ts";
import type { BreakEvent, Trouble } from "./trouble.ts";
import { Troubles } from "./troubles.ts";

const { breakerThreshold, breakerBaseMs, breakerMaxMs, breakerStableMs, maxHoldMs } = defaultTroubleLimits;

let clock: StepClock;
let troubles: Troubles;
let events: BreakEvent[];

beforeEach(() => {
  clock = stepClock();
  events = [];
  const onBreak = (event: BreakEvent) => void events.push(event);
  troubles = new Troubles({ limits: defaultTroubleLimits, clock, random: () => 1, onBreak });
});

function troubleOf(principal: string, server = "files", origin: string | undefined = "https://example.com") {
  const target = { principal, server: server as ServerId, origin: origin as Origin | undefined };
  return troubles.of({
    ...target,
    way: origin ?? "",
    poolKey: JSON.stringify([principal, server, origin]) as PoolKey,
  });
}

/** A server behind a pipe. */
function childOf(principal: string, server = "child") {
  const poolKey = JSON.stringify([principal, server]) as PoolKey;
  return troubles.of({ poolKey, way: poolKey, principal, server: server as ServerId });
}

function failure(code: ErrorCode = "CONNECT_FAILED", details: ErrorDetails = {}) {
  return new TenantryError(code, "no", details);
}

function fail(trouble: Trouble, error: unknown = failure(), generation = "g1", phase?: "opening") {
  trouble.failed(trouble.admit(generation), error, phase ?? "calling", generation);
}

function failTimes(times: number, trouble: Trouble, error?: unknown, generation?: string) {
  for (let time = 0; time < times; time++) fail(trouble, error, generation);
}

function refusal(trouble: Trouble, generation = "g1"): TenantryError | undefined {
  try {
    trouble.left(trouble.admit(generation));
    return undefined;
  } catch (error) {
    return error as TenantryError;
  }
}

describe("the way to a server", () => {
  it("costs a healthy target nothing: every attempt gets the same admission", () => {
    const trouble = troubleOf("ada");
    const admission = trouble.admit("g1");
    trouble.succeeded(admission, "calling");
    expect(trouble.admit("g2")).toBe(admission);
    expect(trouble.isCalm).toBe(true);
  });

  it("is refused after failures in a row, with what is left of the delay and the last failure", () => {
    const trouble = troubleOf("ada");
    failTimes(breakerThreshold - 1, trouble);
    const last = failure("CONNECTION_LOST");
    fail(trouble, last);
    clock.step(100);
    expect(refusal(trouble)).toMatchObject({
      code: "SERVER_UNAVAILABLE",
      message: `[SERVER_UNAVAILABLE] "files": The server failed several times in a row and is tried again with one call at a time; call again in ${breakerBaseMs - 100} ms.`,
      retryable: true,
      retryAfterMs: breakerBaseMs - 100,
      delivery: "unsent",
      server: "files",
      cause: last,
    });
  });

  it("is nobody else's trouble where one principal's calls fail, however many", () => {
    const ada = troubleOf("ada");
    for (let round = 0; round < 20; round++) {
      failTimes(1, ada);
      clock.step(breakerMaxMs);
    }
    fail(ada);
    expect(refusal(ada)).toBeDefined();
    expect(troubleOf("bob").isCalm).toBe(false);
    expect(refusal(troubleOf("bob"))).toBeUndefined();
  });

  it("is refused to a principal whose own calls fail while those of others succeed", () => {
    const [ada, bob] = [troubleOf("ada"), troubleOf("bob")];
    for (let time = 0; time < breakerThreshold; time++) {
      fail(ada);
      bob.succeeded(bob.admit("g1"), "calling");
    }
    expect(refusal(ada)).toBeDefined();
    expect(bob.isCalm).toBe(true);
  });

  it("counts the servers of one origin as one, for each principal", () => {
    failTimes(breakerThreshold - 1, troubleOf("ada", "files"));
    fail(troubleOf("ada", "mail"));
    expect(refusal(troubleOf("ada", "calendar"))).toBeDefined();
    expect(refusal(troubleOf("ada", "files", "https://other.example"))).toBeUndefined();
  });

  it("is refused to all once two principals are among those who failed", () => {
    failTimes(breakerThreshold - 1, troubleOf("ada"));
    fail(troubleOf("bob"));
    expect(refusal(troubleOf("eve", "mail"))).toMatchObject({ code: "SERVER_UNAVAILABLE", server: "mail" });
    expect(refusal(troubleOf("eve", "files", "https://other.example"))).toBeUndefined();
  });

  it("shows nobody another principal's failure", () => {
    const [first, last] = [failure(), failure()];
    failTimes(breakerThreshold - 1, troubleOf("ada"), first);
    fail(troubleOf("bob"), last);
    expect(refusal(troubleOf("ada"))?.cause).toBe(first);
    expect(refusal(troubleOf("bob"))?.cause).toBe(last);
    expect(refusal(troubleOf("eve"))).not.toHaveProperty("cause");
  });

  it("shows nobody a failure of theirs that is over", () => {
    const zoe = troubleOf("zoe");
    fail(troubleOf("eve"));
    clock.step(breakerStableMs);
    fail(zoe);
    zoe.succeeded(zoe.admit("g1"), "calling");
    failTimes(breakerThreshold - 1, troubleOf("ada"));
    fail(troubleOf("bob"));
    for (const principal of ["eve", "zoe"]) expect(refusal(troubleOf(principal))).not.toHaveProperty("cause");
  });

  it("opens to all again with anybody's success", () => {
    failTimes(breakerThreshold - 1, troubleOf("ada"));
    fail(troubleOf("bob"));
    clock.step(breakerBaseMs);
    const [ada, eve] = [troubleOf("ada"), troubleOf("eve")];
    const probe = eve.admit("g1");
    expect(refusal(ada)?.retryAfterMs).toBe(breakerBaseMs);
    eve.succeeded(probe, "opening");
    expect(refusal(ada)).toBeUndefined();
  });

  it("is not kept from others by one principal whose probes fail", () => {
    failTimes(breakerThreshold - 1, troubleOf("ada"));
    fail(troubleOf("bob"));
    clock.step(breakerBaseMs);
    fail(troubleOf("bob"));
    expect(refusal(troubleOf("bob"))?.retryAfterMs).toBe(breakerBaseMs);
    expect(refusal(troubleOf("eve"))).toBeUndefined();
  });

  it("closes to all on the next rung where another principal's probe fails", () => {
    failTimes(breakerThreshold - 1, troubleOf("ada"));
    fail(troubleOf("bob"));
    clock.step(breakerBaseMs);
    fail(troubleOf("eve"));
    expect(refusal(troubleOf("zoe"))?.retryAfterMs).toBe(2 * breakerBaseMs);
  });

  it("leaves no principal refused for what failed before the origin was known to be down", () => {
    const [ada, bob, eve] = [troubleOf("ada"), troubleOf("bob"), troubleOf("eve")];
    const late = Array.from({ length: 20 }, () => eve.admit("g1"));
    failTimes(breakerThreshold - 1, ada);
    fail(bob);
    for (const admission of late.splice(0, 10)) eve.failed(admission, failure(), "calling", "g1");
    clock.step(breakerBaseMs);
    bob.succeeded(bob.admit("g1"), "calling");
    for (const admission of late) eve.failed(admission, failure(), "calling", "g1");
    expect(refusal(eve)).toBeUndefined();
    expect(eve.isCalm).toBe(true);
  });

  it("counts a call's own timeout never, that of an opening always", () => {
    const trouble = troubleOf("ada");
    failTimes(2 * breakerThreshold, trouble, failure("TIMEOUT"));
    expect(trouble.isCalm).toBe(true);
    for (let time = 0; time < breakerThreshold; time++) fail(trouble, failure("TIMEOUT"), "g1", "opening");
    expect(refusal(trouble)).toBeDefined();
  });

  it("takes an abort for no outcome, and lets the next one probe", () => {
    const trouble = troubleOf("ada");
    failTimes(breakerThreshold, trouble);
    clock.step(breakerBaseMs);
    fail(trouble, new DOMException("The user left.", "AbortError"));
    const probe = trouble.admit("g1");
    expect(refusal(trouble)).toBeDefined();
    trouble.left(probe);
    expect(refusal(trouble)).toBeUndefined();
  });

  it("takes a refused request for a sign of life", () => {
    const trouble = troubleOf("ada");
    failTimes(breakerThreshold, trouble);
    clock.step(breakerBaseMs);
    fail(trouble, failure("SESSION_LOST", { status: 404, delivery: "refused" }));
    expect(trouble.isCalm).toBe(true);
  });

  it("is each pool key's own where the server has no origin", () => {
    failTimes(breakerThreshold, childOf("ada"), failure("SPAWN_FAILED"));
    expect(refusal(childOf("ada"))).toMatchObject({ code: "SERVER_UNAVAILABLE", server: "child" });
    fail(childOf("bob"), failure("SPAWN_FAILED"));
    expect(refusal(childOf("bob"))).toBeUndefined();
    expect(childOf("eve").isCalm).toBe(true);
    expect(childOf("ada", "other child").isCalm).toBe(true);
  });
});

describe("a refused credential", () => {
  const refused = failure("UNAUTHORIZED", { status: 401, delivery: "refused" });

  it("is not sent again for a while, and the caller hears what the server said", () => {
    const trouble = troubleOf("ada");
    const challenge = { scheme: "Bearer", parameters: { error: "invalid_token" } };
    const last = failure("UNAUTHORIZED", { status: 401, delivery: "refused", challenge });
    failTimes(breakerThreshold - 1, trouble, refused);
    expect(refusal(trouble)).toBeUndefined();
    fail(trouble, last);
    expect(refusal(trouble)).toMatchObject({
      code: "UNAUTHORIZED",
      message: `[UNAUTHORIZED] "files": The server refused this credential several times in a row; renew it, or wait; call again in ${breakerBaseMs} ms.`,
      retryable: true,
      retryAfterMs: breakerBaseMs,
      delivery: "unsent",
      server: "files",
      challenge,
      cause: last,
    });
  });

  it("keeps the page on which a person grants access", () => {
    const trouble = troubleOf("ada");
    const authorizationUrl = new URL("https://example.com/authorize");
    failTimes(
      breakerThreshold,
      trouble,
      failure("AUTHORIZATION_REQUIRED", { authorizationUrl, slot: "key" }),
    );
    expect(refusal(trouble)).toMatchObject({ code: "AUTHORIZATION_REQUIRED", authorizationUrl, slot: "key" });
  });

  it("is refused by its generation: another one is admitted at once, and begins anew", () => {
    const trouble = troubleOf("ada");
    failTimes(breakerThreshold, trouble, refused, "g1");
    expect(refusal(trouble, "g1")).toBeDefined();
    expect(refusal(trouble, "g2")).toBeUndefined();
    failTimes(breakerThreshold - 1, trouble, refused, "g2");
    expect(refusal(trouble, "g2")).toBeUndefined();
    fail(trouble, refused, "g2");
    expect(refusal(trouble, "g2")).toBeDefined();
  });

  it("stays refused though an older generation's refusal arrives late", () => {
    const trouble = troubleOf("ada");
    const late = trouble.admit("g0");
    failTimes(breakerThreshold, trouble, refused, "g1");
    trouble.failed(late, refused, "calling", "g0");
    expect(refusal(trouble, "g1")).toBeDefined();
  });

  it("is nobody else's trouble, and none of another server of the same user", () => {
    failTimes(breakerThreshold, troubleOf("ada"), refused);
    expect(troubleOf("bob").isCalm).toBe(true);
    expect(troubleOf("ada", "mail").isCalm).toBe(true);
  });

  it("is tried again with one call, which an opened connection alone does not settle", () => {
    const trouble = troubleOf("ada");
    failTimes(breakerThreshold, trouble, refused);
    clock.step(breakerBaseMs);
    const probe = trouble.admit("g1");
    trouble.succeeded(probe, "opening");
    expect(refusal(trouble)).toBeDefined();
    trouble.succeeded(probe, "calling");
    expect(trouble.isCalm).toBe(true);
  });

  it("is good where the server answers with an error", () => {
    const trouble = troubleOf("ada");
    failTimes(breakerThreshold - 1, trouble, refused);
    fail(trouble, failure("SERVER_ERROR", { delivery: "answered" }));
    expect(trouble.isCalm).toBe(true);
  });

  it("is not what a forbidden tool is about", () => {
    const trouble = troubleOf("ada");
    failTimes(2 * breakerThreshold, trouble, failure("UNAUTHORIZED", { status: 403, delivery: "refused" }));
    expect(trouble.isCalm).toBe(true);
  });
});

describe("a server that asks to wait", () => {
  const busy = (retryAfterMs: number) =>
    failure("SERVER_UNAVAILABLE", { status: 429, delivery: "unknown", retryAfterMs });

  it("is not called for so long, by the one whom it asked", () => {
    const trouble = troubleOf("ada");
    const last = busy(5_000);
    fail(trouble, last);
    clock.step(2_000);
    expect(refusal(trouble)).toMatchObject({
      code: "SERVER_UNAVAILABLE",
      message: `[SERVER_UNAVAILABLE] "files": The server asked for fewer calls; call again in 3000 ms.`,
      retryable: true,
      retryAfterMs: 3_000,
      delivery: "unsent",
      server: "files",
      cause: last,
    });
    expect(troubleOf("bob").isCalm).toBe(true);
    expect(troubleOf("ada", "mail").isCalm).toBe(true);
    clock.step(3_000);
    expect(refusal(trouble)).toBeUndefined();
    expect(trouble.isCalm).toBe(true);
  });

  it("is not called sooner because a call in flight succeeds, or a later answer asks for less", () => {
    const trouble = troubleOf("ada");
    const [first, second, third] = [trouble.admit("g1"), trouble.admit("g1"), trouble.admit("g1")];
    trouble.failed(first, busy(5_000), "calling", "g1");
    trouble.succeeded(second, "calling");
    trouble.failed(third, busy(1), "calling", "g1");
    expect(refusal(trouble)?.retryAfterMs).toBe(5_000);
  });

  it("is waited for no longer than maxHoldMs", () => {
    const trouble = troubleOf("ada");
    fail(trouble, busy(10 * maxHoldMs));
    expect(refusal(trouble)?.retryAfterMs).toBe(maxHoldMs);
    clock.step(maxHoldMs);
    expect(refusal(trouble)).toBeUndefined();
  });

  it("is not held to have failed by a 429, and is by a 503", () => {
    const trouble = troubleOf("ada");
    const withStatus = (status: number) =>
      failure("SERVER_UNAVAILABLE", { status, delivery: "unknown", retryAfterMs: 1 });
    for (const status of [429, 503]) {
      for (let time = 0; time < breakerThreshold; time++) {
        fail(trouble, withStatus(status));
        clock.step(1);
      }
      expect(refusal(trouble) !== undefined).toBe(status === 503);
    }
  });

  it("names the longer of two waits", () => {
    const trouble = troubleOf("ada");
    failTimes(breakerThreshold - 1, trouble);
    fail(trouble, failure("SERVER_UNAVAILABLE", { status: 503, delivery: "unknown", retryAfterMs: 10 }));
    expect(refusal(trouble)?.retryAfterMs).toBe(breakerBaseMs);
  });
});

describe("whoever listens", () => {
  it("hears of each opening, for whom it is, and of the last rung", () => {
    const ada = troubleOf("ada");
    failTimes(breakerThreshold, ada);
    for (let rung = 0; rung < 5; rung++) {
      clock.step(breakerMaxMs);
      fail(ada);
    }
    const told = { scope: "transport", server: "files", principal: "ada" };
    expect(events).toHaveLength(6);
    expect(events[0]).toEqual({ ...told, rung: 0, delayMs: breakerBaseMs, last: false });
    expect(events[5]).toEqual({ ...told, rung: 5, delayMs: breakerMaxMs, last: true });
  });

  it("hears of no principal where it is everybody's trouble", () => {
    failTimes(breakerThreshold - 1, troubleOf("ada"));
    fail(troubleOf("bob", "mail"));
    const facts = { rung: 0, delayMs: breakerBaseMs, last: false };
    expect(events).toEqual([{ scope: "transport", server: "mail", ...facts }]);
  });

  it("hears of a refused credential, and once of a server that asks to wait", () => {
    const trouble = troubleOf("ada");
    const [first, second] = [trouble.admit("g1"), trouble.admit("g1")];
    const busy = failure("SERVER_UNAVAILABLE", { status: 429, retryAfterMs: 500 });
    trouble.failed(first, busy, "calling", "g1");
    clock.step(1);
    trouble.failed(second, busy, "calling", "g1");
    clock.step(500);
    failTimes(breakerThreshold, trouble, failure("UNAUTHORIZED", { status: 401 }));
    const told = { server: "files", principal: "ada", rung: 0, last: false };
    expect(events).toEqual([
      { ...told, scope: "retry-after", delayMs: 500 },
      { ...told, scope: "authorization", delayMs: breakerBaseMs },
    ]);
  });
});
