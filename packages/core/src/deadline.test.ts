import { getEventListeners } from "node:events";
import { TenantryError } from "./error.ts";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../test/manual-clock.ts";
import { withDeadline } from "./deadline.ts";

const expired = () => new TenantryError("TIMEOUT", "Too late.");
const never = () => new Promise<never>(() => {});

describe("withDeadline", () => {
  it("gives the result and leaves no timer behind", async () => {
    const clock = new ManualClock();
    await expect(withDeadline({ clock, timeoutMs: 10, expired }, async () => 1)).resolves.toBe(1);
    expect(clock.pending).toBe(0);
  });

  it("ends work that does not listen, and tells it by its signal", async () => {
    const clock = new ManualClock();
    let seen: AbortSignal | undefined;
    const result = withDeadline({ clock, timeoutMs: 10, expired }, (signal) => ((seen = signal), never()));
    clock.advance(9);
    expect(seen?.aborted).toBe(false);
    clock.advance(1);
    await expect(result).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(seen?.reason).toMatchObject({ code: "TIMEOUT" });
  });

  it("throws the caller's own reason and leaves no timer behind", async () => {
    const clock = new ManualClock();
    const caller = new AbortController();
    const reason = new Error("I left.");
    const result = withDeadline({ clock, timeoutMs: 10, expired, signal: caller.signal }, never);
    caller.abort(reason);
    await expect(result).rejects.toBe(reason);
    expect(clock.pending).toBe(0);
  });

  it("fails as work does that throws at once, and leaves nothing behind", async () => {
    const clock = new ManualClock();
    const { signal } = new AbortController();
    const failure = new Error("no");
    const result = withDeadline({ clock, timeoutMs: 10, expired, signal }, () => {
      throw failure;
    });
    await expect(result).rejects.toBe(failure);
    expect([clock.pending, getEventListeners(signal, "abort")]).toEqual([0, []]);
  });

  it("handles the failure of work that was ended", async () => {
    const clock = new ManualClock();
    const work = Promise.withResolvers<never>();
    const result = withDeadline({ clock, timeoutMs: 10, expired }, () => work.promise);
    clock.advance(10);
    work.reject(new Error("late"));
    await expect(result).rejects.toMatchObject({ code: "TIMEOUT" });
    // An unhandled rejection would fail the run.
    await new Promise(setImmediate);
  });

  it("does not begin for a caller who has left", async () => {
    let begun = false;
    const signal = AbortSignal.abort("gone");
    const work = async () => void (begun = true);
    await expect(
      withDeadline({ clock: new ManualClock(), timeoutMs: 10, expired, signal }, work),
    ).rejects.toBe("gone");
    expect(begun).toBe(false);
  });
});
