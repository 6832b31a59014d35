import { describe, expect, it } from "vitest";
import { principalOf, type Scope, type WorkspaceId } from "@tenantry/core";
import { gate, settle } from "../test/fake-connector.ts";
import { startPool } from "../test/start-pool.ts";
import { defaultPoolLimits, type PoolLimits } from "./limits.ts";

const scopes: readonly Scope[] = [
  { share: "everyone" },
  { share: "workspace", workspace: "acme" as WorkspaceId },
];

/** A pool with hung calls on one connection that several share. */
function startShared(scope: Scope, limits: Partial<PoolLimits> = {}) {
  const { run, clock } = startPool(limits);
  const end = gate();
  const begun: string[] = [];
  const by = (user: string) => ({ scope, principal: principalOf({ workspace: "acme", user }) });
  const hang = (user: string) =>
    run(() => {
      begun.push(user);
      return end.promise;
    }, by(user));
  return { clock, begun, by, run, hang, end: end.resolve };
}

describe.each(scopes)("on a connection for $share", (scope) => {
  it("one user's hung calls leave the others theirs, under the default limits", async () => {
    const { run, by, hang, begun, end } = startShared(scope);
    const { maxSharedCallsPerUser, maxCallsPerConnection } = defaultPoolLimits;
    const flood = Array.from({ length: maxCallsPerConnection + 72 }, () => hang("mallory"));
    await settle();
    expect(begun).toHaveLength(maxSharedCallsPerUser);
    expect(await run(async () => "ran", by("ada"))).toBe("ran");
    end();
    await Promise.all(flood);
  });

  it("one user has half of it at most, however few it takes", async () => {
    const { run, by, hang, begun, end } = startShared(scope, { maxCallsPerConnection: 3 });
    const flood = [1, 2, 3].map(() => hang("mallory"));
    await settle();
    expect(begun).toHaveLength(1);
    expect(await run(async () => "ran", by("ada"))).toBe("ran");
    end();
    await Promise.all(flood);
  });

  it("whoever waits for a full one gets the next turn before those who have had theirs", async () => {
    const limits = { maxCallsPerConnection: 2, maxSharedCallsPerUser: 1 };
    const { run } = startPool(limits);
    const begun: string[] = [];
    const ends = new Map<string, () => void>();
    const call = (user: string, name: string) =>
      run(
        async () => {
          begun.push(name);
          const { promise, resolve } = gate();
          ends.set(name, resolve);
          await promise;
        },
        { scope, principal: principalOf({ workspace: "acme", user }) },
      );
    const calls = [
      ...["m1", "m2", "m3"].map((name) => call("mallory", name)),
      ...["n1", "n2", "n3"].map((name) => call("norman", name)),
      call("ada", "a1"),
    ];
    await settle();
    expect(begun).toEqual(["m1", "n1"]);
    ends.get("m1")?.();
    await settle();
    expect(begun).toEqual(["m1", "n1", "a1"]);
    for (let name = 0; name < begun.length; name++) {
      ends.get(begun[name] as string)?.();
      await settle();
    }
    await Promise.all(calls);
    expect([...begun].sort()).toEqual(["a1", "m1", "m2", "m3", "n1", "n2", "n3"]);
  });
});

it("a connection of one user's own takes as many of its calls as it may", async () => {
  const { run } = startPool({ maxCallsPerConnection: 4, maxSharedCallsPerUser: 1 });
  const { promise, resolve } = gate();
  let begun = 0;
  const calls = Array.from({ length: 4 }, () =>
    run(() => {
      begun++;
      return promise;
    }),
  );
  await settle();
  expect(begun).toBe(4);
  resolve();
  await Promise.all(calls);
});
