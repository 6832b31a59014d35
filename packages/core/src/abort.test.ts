import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { isAbortReason, raceAbort } from "./index.ts";

const never = new Promise<never>(() => {});

describe("raceAbort", () => {
  test("settles as the promise does", async () => {
    const { signal } = new AbortController();
    const failure = new Error("no");
    expect(await raceAbort(Promise.resolve(1), signal)).toBe(1);
    await expect(raceAbort(Promise.reject(failure), signal)).rejects.toBe(failure);
    expect(await raceAbort(Promise.resolve(1), undefined)).toBe(1);
  });

  test("rejects with the signal's own reason, whatever it is", async () => {
    for (const reason of [new Error("gone"), "gone", 7, null]) {
      const caller = new AbortController();
      const racing = raceAbort(never, caller.signal);
      caller.abort(reason);
      await expect(racing).rejects.toBe(reason);
    }
  });

  test("rejects at once for a signal that has aborted, and handles the promise's own failure", async () => {
    const late = Promise.reject(new Error("late"));
    await expect(raceAbort(late, AbortSignal.abort("gone"))).rejects.toBe("gone");
    await expect(raceAbort(Promise.resolve(1), AbortSignal.abort("gone"))).rejects.toBe("gone");
  });

  test("handles a failure that comes after the abort", async () => {
    const caller = new AbortController();
    const { promise, reject } = Promise.withResolvers<never>();
    const racing = raceAbort(promise, caller.signal);
    caller.abort("gone");
    reject(new Error("late"));
    await expect(racing).rejects.toBe("gone");
    // An unhandled rejection would fail the run.
    await new Promise(setImmediate);
  });

  test("leaves no listener behind, however it ends", async () => {
    const caller = new AbortController();
    await raceAbort(Promise.resolve(1), caller.signal);
    await raceAbort(Promise.reject(new Error("no")), caller.signal).catch(() => {});
    expect(getEventListeners(caller.signal, "abort")).toHaveLength(0);
    const racing = raceAbort(never, caller.signal).catch(() => {});
    expect(getEventListeners(caller.signal, "abort")).toHaveLength(1);
    caller.abort();
    await racing;
    expect(getEventListeners(caller.signal, "abort")).toHaveLength(0);
  });
});

describe("isAbortReason", () => {
  test("knows the reason of the caller's own abort, and nothing that is only like it", () => {
    const caller = new AbortController();
    const reason = new Error("enough");
    expect(isAbortReason(reason, caller.signal)).toBe(false);
    caller.abort(reason);
    expect(isAbortReason(reason, caller.signal)).toBe(true);
    expect(isAbortReason(new Error("enough"), caller.signal)).toBe(false);
    expect(isAbortReason(undefined, undefined)).toBe(false);
  });
});
