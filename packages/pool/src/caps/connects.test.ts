import { expect, it } from "vitest";
import type { Origin, ServerId } from "@tenantry/core";
import { userScope } from "../../test/fake-connector.ts";
import { stepClock } from "../../test/step-clock.ts";
import { defaultPoolLimits, type PoolLimits } from "../limits.ts";
import { Capacity } from "./capacity.ts";
import type { Slot } from "./slot.ts";

function start(limits: Partial<PoolLimits> = {}) {
  const capacity = new Capacity({ ...defaultPoolLimits, ...limits }, stepClock());
  const open: string[] = [];
  const request = (user: string, session: string, origin?: string): Slot => {
    const holder = { granted: () => open.push(`${user} ${session}`), evict: () => {} };
    const server = {
      id: (origin === "https://two.example" ? "mail" : "files") as ServerId,
      digest: "1",
      ...(origin && { origin: origin as Origin }),
    };
    const slot = capacity.slot({ scope: userScope(user, "acme", session), server }, holder);
    capacity.request(slot);
    return slot;
  };
  return { capacity, open, request };
}

const sessions = Array.from({ length: 200 }, (_, session) => `${session}`);

it.each(["https://one.example", undefined])(
  "one user whose handshakes hang at %s leaves others theirs, by default",
  (origin) => {
    const { open, request } = start();
    for (const session of sessions) request("mallory", session, origin);
    expect(open.length).toBe(defaultPoolLimits.maxConnectsPerUser);
    request("ada", "1", origin);
    expect(open.at(-1)).toBe("ada 1");
  },
);

it("a user's connects count by origin, and each that is open lets the user's next begin", () => {
  const { capacity, open, request } = start({ maxConnectsPerUser: 1 });
  const first = request("ada", "1", "https://one.example");
  request("ada", "2", "https://one.example");
  request("ada", "3", "https://two.example");
  expect(open).toEqual(["ada 1", "ada 3"]);
  capacity.opened(first);
  expect(open).toEqual(["ada 1", "ada 3", "ada 2"]);
});
