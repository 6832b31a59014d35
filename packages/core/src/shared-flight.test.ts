import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SharedFlight } from "./index.ts";

/** A flight whose start is settled by hand. */
function flight() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const abandoned: string[] = [];
  let started: AbortSignal | undefined;
  let starts = 0;
  const shared = new SharedFlight<string>((signal) => (starts++, (started = signal), promise), {
    onAbandoned: (value) => abandoned.push(value),
  });
  return { shared, resolve, reject, abandoned, signal: () => started as AbortSignal, starts: () => starts };
}

async function outcome(promise: Promise<string>): Promise<string> {
  return promise.catch((reason: unknown) => `rejected ${String(reason)}`);
}

const settle = () => new Promise(setImmediate);

describe("SharedFlight", () => {
  test("starts once, at once, for all who wait", async () => {
    const { shared, resolve, starts } = flight();
    expect(starts()).toBe(1);
    const waiting = [shared.join(), shared.join(), shared.join()];
    resolve("up");
    expect(await Promise.all(waiting)).toEqual(["up", "up", "up"]);
    expect(await shared.join()).toBe("up");
    expect(starts()).toBe(1);
  });

  test("is abandoned within the abort of the last waiter, before anybody hears of it", async () => {
    const { shared } = flight();
    const [first, last] = [new AbortController(), new AbortController()];
    const waiting = [first, last].map(({ signal }) => outcome(shared.join({ signal })));
    first.abort("left");
    expect(shared.abandoned).toBe(false);
    last.abort("left");
    expect(shared.abandoned).toBe(true);
    expect(await Promise.all(waiting)).toEqual(["rejected left", "rejected left"]);
  });

  test("gives one failure to all, and leaves none unhandled where nobody waits", async () => {
    const { shared, reject } = flight();
    const waiting = [outcome(shared.join()), outcome(shared.join())];
    reject(new Error("refused"));
    expect(await Promise.all(waiting)).toEqual(["rejected Error: refused", "rejected Error: refused"]);
    flight().reject(new Error("nobody waits"));
    await settle();
  });

  test("goes on when one of two waiters aborts", async () => {
    const { shared, resolve, signal } = flight();
    const one = new AbortController();
    const left = outcome(shared.join({ signal: one.signal }));
    const stayed = shared.join();
    one.abort("one left");
    expect(await left).toBe("rejected one left");
    expect(signal().aborted).toBe(false);
    resolve("up");
    expect(await stayed).toBe("up");
  });

  test("ends the start when the last waiter aborts, with that one's reason", async () => {
    const { shared, signal } = flight();
    const [one, two] = [new AbortController(), new AbortController()];
    const waiting = [
      outcome(shared.join({ signal: one.signal })),
      outcome(shared.join({ signal: two.signal })),
    ];
    one.abort("one left");
    await settle();
    expect(shared.abandoned).toBe(false);
    two.abort("two left");
    expect(await Promise.all(waiting)).toEqual(["rejected one left", "rejected two left"]);
    expect(shared.abandoned).toBe(true);
    expect(signal().reason).toBe("two left");
  });

  test("ends the start of a waiter who had aborted before", async () => {
    const { shared } = flight();
    expect(await outcome(shared.join({ signal: AbortSignal.abort("gone") }))).toBe("rejected gone");
    expect(shared.abandoned).toBe(true);
  });

  test("takes back what arrives after the last waiter has left", async () => {
    const { shared, resolve, abandoned } = flight();
    await outcome(shared.join({ signal: AbortSignal.abort("gone") }));
    resolve("late");
    await settle();
    expect(abandoned).toEqual(["late"]);
  });

  test("is not abandoned by an abort that comes after the start is done", async () => {
    const { shared, resolve, abandoned, signal } = flight();
    const caller = new AbortController();
    const waiting = shared.join({ signal: caller.signal });
    resolve("up");
    await waiting;
    caller.abort("late");
    await settle();
    expect(await outcome(shared.join({ signal: caller.signal }))).toBe("rejected late");
    expect({ aborted: signal().aborted, abandoned }).toEqual({ aborted: false, abandoned: [] });
    expect(await shared.join()).toBe("up");
  });

  test("takes back what the start delivers where the last waiter aborts at that moment", async () => {
    const { shared, resolve, abandoned } = flight();
    const caller = new AbortController();
    const waiting = outcome(shared.join({ signal: caller.signal }));
    resolve("up");
    caller.abort("just then");
    expect(await waiting).toBe("rejected just then");
    expect(shared.abandoned).toBe(true);
    await settle();
    expect(abandoned).toEqual(["up"]);
  });

  test("holds law 6 in any order of joins, aborts and the end of the start", async () => {
    const step = fc.oneof(
      { arbitrary: fc.constant("join" as const), weight: 3 },
      { arbitrary: fc.nat(5), weight: 5 },
      { arbitrary: fc.constantFrom("done" as const, "failed" as const), weight: 1 },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const { shared, resolve, reject, abandoned, signal } = flight();
        const waiters: { caller: AbortController; ended: Promise<string>; expected?: string }[] = [];
        let end: "up" | "rejected Error: refused" | undefined;
        for (const each of steps) {
          const open = waiters.filter(({ expected }) => expected === undefined);
          if (each === "join" && !shared.abandoned) {
            const caller = new AbortController();
            waiters.push({
              caller,
              ended: outcome(shared.join({ signal: caller.signal })),
              ...(end && { expected: end }),
            });
          } else if (typeof each === "number" && each < open.length) {
            const waiter = open[each];
            if (waiter === undefined) continue;
            waiter.caller.abort(`w${each}`);
            waiter.expected = `rejected w${each}`;
            await settle();
            expect(signal().aborted).toBe(open.length === 1);
          } else if (each === "done" || each === "failed") {
            if (end === undefined)
              for (const waiter of open) waiter.expected = each === "done" ? "up" : "rejected Error: refused";
            end ??= each === "done" ? "up" : "rejected Error: refused";
            if (each === "done") resolve("up");
            else reject(new Error("refused"));
            await settle();
          }
        }
        expect(abandoned).toEqual(shared.abandoned && end === "up" ? ["up"] : []);
        for (const { ended, expected } of waiters)
          if (expected !== undefined) expect(await ended).toBe(expected);
      }),
      { numRuns: 300 },
    );
  });
});
