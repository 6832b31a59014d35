import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { principalOf } from "@tenantry/core";
import { manualClock } from "@tenantry/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { Handles } from "./handles.ts";
import { KeyRing } from "./key-ring.ts";

const ada = principalOf({ workspace: "acme", user: "ada" });
const others = [
  { workspace: "acme", user: "bob" },
  { workspace: "globex", user: "ada" },
  { workspace: "acme", user: "ada", session: "two" },
].map(principalOf);
const bytes = (fill: number) => new Uint8Array(32).fill(fill);
const code = expect.objectContaining({ code: "CONFIG_INVALID" });

describe("SRV-04: handles", () => {
  it("SRV-04: tells nothing, is never the same twice, and has more than 128 random bits", async () => {
    const handles = new Handles(new KeyRing(), manualClock());
    const made = await Promise.all(
      Array.from({ length: 200 }, () => handles.seal("session", ada, { secret: "ada's own" }, 1_000)),
    );
    expect(new Set(made.map((one) => one.slice(4, 20))).size).toBe(200);
    for (const one of made)
      expect(atob(one.slice(4).replaceAll("-", "+").replaceAll("_", "/"))).not.toMatch(/ada|secret/u);
  });

  it("SRV-04: refuses what a client chose, changed, or made with a key of its own", async () => {
    const clock = manualClock();
    const handles = new Handles(new KeyRing({ current: "a", keys: { a: bytes(1) } }), clock);
    const good = await handles.seal("session", ada, 1, 1_000);
    const foreign = await new Handles(new KeyRing({ current: "a", keys: { a: bytes(2) } }), clock).seal(
      "session",
      ada,
      1,
      1_000,
    );
    const middle = Math.floor(good.length / 2);
    const changed = good.slice(0, middle) + (good[middle] === "A" ? "B" : "A") + good.slice(middle + 1);
    const given = [
      "",
      "a",
      "fixed-by-me",
      `a.${"A".repeat(80)}`,
      `b${good.slice(1)}`,
      `${good}A`,
      good.slice(0, -4),
      changed,
      foreign,
      5,
      null,
      {},
    ];
    for (const one of given) expect(await handles.open("session", ada, one)).toEqual({ kind: "unknown" });
    expect(await handles.open("session", ada, good)).toEqual({ kind: "own", value: 1 });
  });

  const purposes = ["session", "question", "round", "cursor"] as const;
  it.for(purposes)(
    "ISO-04: opens a %s for its own principal, purpose and time only, and tells diagnostics of anybody else",
    async (purpose) => {
      const heard: unknown[] = [];
      const hear = (event: unknown) => heard.push(event);
      subscribe("tenantry:gateway:refuse", hear);
      onTestFinished(() => void unsubscribe("tenantry:gateway:refuse", hear));
      const clock = manualClock();
      const handles = new Handles(new KeyRing(), clock);
      const handle = await handles.seal(purpose, ada, "state", 1_000);
      expect(await handles.open(purpose, ada, handle)).toEqual({ kind: "own", value: "state" });
      for (const other of others)
        expect(await handles.open(purpose, other, handle)).toEqual({ kind: "unknown" });
      expect(heard).toEqual(others.map((caller) => ({ reason: "principal_mismatch", caller })));
      for (const other of purposes.filter((one) => one !== purpose))
        expect(await handles.open(other, ada, handle)).toEqual({ kind: "unknown" });
      await clock.advance(1_000);
      expect(await handles.open(purpose, ada, handle)).toEqual({ kind: "own", value: "state" });
      await clock.advance(1);
      expect(await handles.open(purpose, ada, handle)).toEqual({ kind: "unknown" });
    },
  );

  it("goes from one key to the next while both are known, in every process that knows them", async () => {
    const clock = manualClock();
    const old = new Handles(new KeyRing({ current: "a", keys: { a: bytes(1) } }), clock);
    const both = new Handles(new KeyRing({ current: "b", keys: { a: bytes(1), b: bytes(2) } }), clock);
    const next = new Handles(new KeyRing({ current: "b", keys: { b: bytes(2) } }), clock);
    const first = await old.seal("session", ada, 1, 1_000);
    const second = await both.seal("session", ada, 2, 1_000);
    expect(await both.open("session", ada, first)).toEqual({ kind: "own", value: 1 });
    expect(await next.open("session", ada, second)).toEqual({ kind: "own", value: 2 });
    expect(await next.open("session", ada, first)).toEqual({ kind: "unknown" });
  });

  it("keeps the keys as they were given, and refuses what is none", () => {
    const key = Object.freeze({ a: bytes(1) });
    expect(() => new KeyRing({ current: "a", keys: key })).not.toThrow();
    expect(() => new KeyRing({ current: "b", keys: key })).toThrow(code);
    expect(() => new KeyRing({ current: "a", keys: { a: bytes(1).subarray(1) } })).toThrow(code);
    expect(() => new KeyRing({ current: "a", keys: { a: "text" as never } })).toThrow(code);
    expect(() => new KeyRing({ current: "a b", keys: { "a b": bytes(1) } })).toThrow(code);
  });
});
