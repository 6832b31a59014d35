import { expect, it } from "vitest";
import type { ServerId } from "@tenantry/core";
import { userScope } from "../../test/fake-connector.ts";
import { stepClock } from "../../test/step-clock.ts";
import { defaultPoolLimits, type PoolLimits } from "../limits.ts";
import { Capacity } from "./capacity.ts";
import type { Slot } from "./slot.ts";

function start(limits: Partial<PoolLimits>) {
  const clock = stepClock();
  const capacity = new Capacity({ ...defaultPoolLimits, ...limits }, clock);
  const open: string[] = [];
  const request = (user: string, session: string): Slot => {
    const evict = () => capacity.end(slot);
    const holder = { granted: () => open.push(`${user} ${session}`), evict };
    const server = { id: "files" as ServerId, digest: "1" };
    const slot = capacity.slot({ scope: userScope(user, "acme", session), server }, holder);
    capacity.request(slot);
    return slot;
  };
  return { clock, capacity, open, request };
}

const caps = ["maxConnections", "maxConnectionsPerWorkspace", "maxConnectionsPerUser"] as const;

it.each([...caps, "maxConnectsPerOrigin"] as const)(
  "under %s as many again may be ending, and one more waits for one of those to be gone",
  (limit) => {
    const { capacity, open, request, clock } = start({ [limit]: 2 });
    const ending = ["1", "2", "3", "4"].map((session) => {
      const slot = request("ada", session);
      capacity.end(slot);
      return slot;
    });
    const next = request("ada", "5");
    expect([open.length, next.state]).toEqual([4, "waiting"]);
    capacity.release(ending[1]!);
    capacity.release(ending[1]!);
    expect([open.length, next.state]).toEqual([5, "opening"]);
    capacity.end(next);
    for (const slot of [...ending, next]) capacity.release(slot);
    expect([capacity.size, clock.pending]).toEqual([0, 0]);
  },
);

it("an idle connection makes room at once, and is counted until it is gone", () => {
  const { capacity, open, request } = start({ maxConnectionsPerUser: 1 });
  const first = request("ada", "1");
  capacity.opened(first);
  capacity.idle(first);
  const second = request("ada", "2");
  expect([open.length, first.state]).toEqual([2, "ending"]);
  capacity.opened(second);
  capacity.idle(second);
  request("ada", "3");
  expect([open.length, second.state]).toEqual([2, "idle"]);
  capacity.release(first);
  expect([open.length, second.state]).toEqual([3, "ending"]);
});

it("one user's many that are ending keep nobody else waiting, and whoever waits for them comes in turn", () => {
  const { capacity, open, request } = start({ maxConnections: 4, maxConnectionsPerUser: 2 });
  const ending = ["1", "2", "3", "4"].map((session) => request("ada", session));
  for (const slot of ending.slice(0, 2)) capacity.end(slot);
  for (const slot of ending.slice(2)) capacity.end(slot);
  for (const session of ["5", "6"]) request("ada", session);
  request("bob", "1");
  expect(open.slice(4)).toEqual(["bob 1"]);
});

it("what is never gone is counted for 30 s", () => {
  const { capacity, open, request, clock } = start({ maxConnectionsPerUser: 1 });
  for (const session of ["1", "2"]) capacity.end(request("ada", session));
  request("ada", "3");
  clock.step(29_999);
  expect(open.length).toBe(2);
  clock.step(1);
  expect(open.length).toBe(3);
});
