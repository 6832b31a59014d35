import { beforeEach, describe, expect, it } from "vitest";
import { Epochs, type Admission } from "./admission.ts";
import { Breaker } from "./breaker.ts";
import { defaultTroubleLimits } from "./limits.ts";

const { breakerThreshold, breakerBaseMs, breakerStableMs } = defaultTroubleLimits;

let epochs: Epochs;
let breaker: Breaker;
let now: number;

function create(isFor: "one" | "several") {
  epochs = new Epochs();
  breaker = new Breaker({ limits: defaultTroubleLimits, random: () => 1, epochs }, isFor);
  now = 0;
}

/** Lets an attempt begin, which must be possible. */
function begin(by = "ada"): Admission {
  expect(breaker.waitMs(by, now)).toBe(0);
  const admission = epochs.distinct();
  breaker.enter(admission, by, now);
  return admission;
}

function fail(by = "ada") {
  return breaker.failed(begin(by), by, now);
}

function failTimes(times: number, by = "ada") {
  return Array.from({ length: times }, () => fail(by)).at(-1);
}

/** Opens the breaker and lets its first delay pass. */
function openAndWait() {
  failTimes(breakerThreshold - 1);
  expect(fail("bob")?.delayMs).toBe(breakerBaseMs);
  now += breakerBaseMs;
}

describe("for one principal", () => {
  beforeEach(() => create("one"));

  it("opens at the threshold, not before", () => {
    expect(failTimes(breakerThreshold - 1)).toBeUndefined();
    expect(breaker.waitMs("ada", now)).toBe(0);
    expect(fail()).toEqual({ rung: 0, delayMs: breakerBaseMs, last: false });
    expect(breaker.waitMs("ada", now)).toBe(breakerBaseMs);
    expect(breaker.waitMs("ada", now + 400)).toBe(breakerBaseMs - 400);
  });

  it("counts only failures in a row", () => {
    failTimes(breakerThreshold - 1);
    breaker.succeeded(begin(), now);
    expect(breaker.isCalm).toBe(true);
    expect(failTimes(breakerThreshold - 1)).toBeUndefined();
  });

  it("counts no failures that are long past", () => {
    failTimes(breakerThreshold - 1);
    now += breakerStableMs;
    expect(fail()).toBeUndefined();
    expect(failTimes(breakerThreshold - 1)).toBeDefined();
  });

  it("closes with a probe that succeeds", () => {
    openAndWait();
    breaker.succeeded(begin(), now);
    expect([breaker.isClosed, breaker.isCalm]).toEqual([true, true]);
  });

  it("opens on the next rung with a probe that fails", () => {
    openAndWait();
    expect(fail()).toMatchObject({ rung: 1, delayMs: 2 * breakerBaseMs });
    expect(breaker.waitMs("ada", now)).toBe(2 * breakerBaseMs);
  });

  it("lets one probe through at a time", () => {
    openAndWait();
    begin();
    expect(breaker.waitMs("ada", now)).toBeGreaterThan(0);
  });

  it("lets the next one probe once a probe has left", () => {
    openAndWait();
    breaker.left(begin());
    begin();
    expect(breaker.waitMs("ada", now)).toBeGreaterThan(0);
  });

  it("does not mind that others than the probe leave", () => {
    openAndWait();
    const probe = begin();
    breaker.left(epochs.distinct());
    expect(breaker.heeds(probe)).toBe(true);
    expect(breaker.waitMs("ada", now)).toBeGreaterThan(0);
  });

  it("lets the next one probe where a probe does not end; the first still closes it, and fails for nobody", () => {
    openAndWait();
    const slow = begin();
    now += breakerBaseMs;
    const next = begin();
    expect(breaker.failed(slow, "ada", now)).toBeUndefined();
    expect(breaker.heeds(next)).toBe(true);
    breaker.succeeded(slow, now);
    expect(breaker.isClosed).toBe(true);
  });

  it("heeds nothing that began before it opened, while it is open, half-open or closed again", () => {
    const late = Array.from({ length: 20 }, () => begin());
    failTimes(breakerThreshold);
    const tell = () => {
      breaker.succeeded(late.pop()!, now);
      expect(breaker.failed(late.pop()!, "ada", now)).toBeUndefined();
    };
    tell();
    expect(breaker.waitMs("ada", now)).toBe(breakerBaseMs);
    now += breakerBaseMs;
    const probe = begin();
    tell();
    expect(breaker.heeds(probe)).toBe(true);
    breaker.succeeded(probe, now);
    tell();
    expect(breaker.isCalm).toBe(true);
  });

  it("climbs on when it flaps, and begins anew after a stable period", () => {
    const flap = () => {
      const rung = failTimes(breakerThreshold)!;
      now += rung.delayMs;
      breaker.succeeded(begin(), now);
      return rung.rung;
    };
    expect([flap(), flap(), flap()]).toEqual([0, 1, 2]);
    now += breakerStableMs;
    expect(flap()).toBe(0);
  });

  it("remembers for a stable period what it counted, and nothing once it is over", () => {
    expect(breaker.remembersUntil).toBe(0);
    now = 7;
    fail();
    expect(breaker.remembersUntil).toBe(7 + breakerStableMs);
    breaker.succeeded(begin(), now);
    expect(breaker.remembersUntil).toBe(0);
  });

  it("remembers its rung for a stable period after it has closed", () => {
    openAndWait();
    breaker.succeeded(begin(), now);
    expect(breaker.remembersUntil).toBe(now + breakerStableMs);
  });
});

describe("for several principals", () => {
  beforeEach(() => create("several"));

  it("never opens for the failures of one", () => {
    expect(failTimes(100)).toBeUndefined();
    expect(breaker.isClosed).toBe(true);
  });

  it("opens as soon as another one's failure is among those in a row", () => {
    failTimes(breakerThreshold - 1);
    expect(fail("bob")).toMatchObject({ rung: 0 });
    expect(breaker.waitMs("eve", now)).toBe(breakerBaseMs);
  });

  it("forgets with a success whose failures there were", () => {
    fail("bob");
    breaker.succeeded(begin("eve"), now);
    expect(failTimes(100)).toBeUndefined();
  });

  it("opens again only for another principal than the one who failed last", () => {
    openAndWait();
    expect(fail("bob")).toBeUndefined();
    expect(fail("bob")).toBeUndefined();
    expect(breaker.waitMs("ada", now)).toBe(0);
    expect(fail("ada")).toMatchObject({ rung: 1 });
    now += 2 * breakerBaseMs;
    expect(fail("ada")).toBeUndefined();
    expect(fail("bob")).toMatchObject({ rung: 2 });
  });

  it("lets one probe through at a time, whoever asks", () => {
    openAndWait();
    begin("ada");
    expect(breaker.waitMs("bob", now)).toBeGreaterThan(0);
  });

  it("keeps nobody waiting for a principal that probes over and over", () => {
    openAndWait();
    breaker.left(begin("ada"));
    begin("ada");
    expect(breaker.waitMs("ada", now)).toBeGreaterThan(0);
    breaker.succeeded(begin("bob"), now);
    expect(breaker.isClosed).toBe(true);
  });
});
