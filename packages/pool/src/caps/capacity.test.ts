import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { Scope, ServerId, ServerRef, WorkspaceId } from "@tenantry/core";
import { userScope } from "../../test/fake-connector.ts";
import { stepClock, type StepClock } from "../../test/step-clock.ts";
import { Capacity } from "./capacity.ts";
import type { CapacityLimits } from "./connection-bounds.ts";
import type { Slot } from "./slot.ts";

const wide: CapacityLimits = {
  maxConnections: 100,
  maxConnectionsPerWorkspace: Infinity,
  maxConnectionsPerUser: Infinity,
  maxConnectionsPerServer: Infinity,
  maxConnectsPerOrigin: Infinity,
  maxConnectsPerUser: Infinity,
  idleTimeoutMs: 1_000,
  maxWaiting: 1_000,
};
const everyone: Scope = { share: "everyone" };
const shared: Scope = { share: "workspace", workspace: "acme" as WorkspaceId };

let clock: StepClock;
let capacity: Capacity;
let open: string[];
let evicted: string[];

function start(limits: Partial<CapacityLimits>): void {
  clock = stepClock();
  capacity = new Capacity({ ...wide, ...limits }, clock);
  open = [];
  evicted = [];
}

/** Ends what has a slot; nothing is left of it. */
function gone(slot: Slot): void {
  capacity.end(slot);
  capacity.release(slot);
}

const join = (slot: Slot) => capacity.join(slot, slot.lane.party);
const leave = (slot: Slot) => capacity.leave(slot, slot.lane.party);

/** Asks for a slot; `name` is open once it is granted. */
function request(name: string, scope: Scope, server = "files", digest = "1"): Slot {
  const end = () => {
    open = open.filter((other) => other !== name);
    gone(slot);
  };
  const holder = { granted: () => open.push(name), evict: () => (evicted.push(name), end()) };
  const slot = capacity.slot({ scope, server: { id: server as ServerId, digest } }, holder);
  capacity.request(slot);
  return slot;
}

const idle = (name: string, scope: Scope, server?: string) => {
  const slot = request(name, scope, server);
  capacity.opened(slot);
  capacity.idle(slot);
  return slot;
};

beforeEach(() => start({}));

describe("connections that are being opened", () => {
  it("count by origin, whatever the server or workspace, until they are open, users in turns", () => {
    start({ maxConnectsPerOrigin: 1 });
    const at = (name: string, scope: Scope, id: string, origin?: string) => {
      const holder = { granted: () => open.push(name), evict: () => {} };
      const server = { id, digest: "1", ...(origin !== undefined && { origin }) } as ServerRef;
      const slot = capacity.slot({ scope, server }, holder);
      capacity.request(slot);
      return slot;
    };
    const one = "https://one.example";
    const first = at("ada 1", userScope("ada"), "files", one);
    at("ada 2", userScope("ada", "acme", "s1"), "mail", one);
    const third = at("ada 3", userScope("ada", "acme", "s2"), "files", one);
    at("eve", userScope("eve", "globex"), "files", one);
    at("elsewhere", userScope("ada"), "wiki", "https://two.example");
    at("child", userScope("ada"), "child");
    at("child of globex", userScope("eve", "globex"), "child");
    expect(open).toEqual(["ada 1", "elsewhere", "child", "child of globex"]);
    capacity.opened(first);
    expect(open.slice(4)).toEqual(["ada 2"]);
    gone(third);
    expect(open.slice(4)).toEqual(["ada 2"]);
  });

  it("hold no place under another cap while they wait", () => {
    start({ maxConnectsPerOrigin: 1, maxConnections: 2 });
    request("first", userScope("ada"), "hung");
    for (const user of ["bob", "eve", "joe"]) request(user, userScope(user), "hung");
    request("fine", userScope("bob"), "fine");
    expect(open).toEqual(["first", "fine"]);
  });

  it("give their place to the next where they fail", () => {
    start({ maxConnectsPerOrigin: 1 });
    const slot = request("first", userScope("ada"));
    request("second", userScope("bob"));
    gone(slot);
    expect(open).toEqual(["first", "second"]);
  });
});

describe("what counts towards which cap", () => {
  it("counts a user's sessions and servers together, and users of other workspaces apart", () => {
    start({ maxConnectionsPerUser: 2 });
    request("a", userScope("ada", "acme", "s1"));
    request("b", userScope("ada", "acme", "s2"), "mail");
    request("c", userScope("ada"), "wiki");
    request("d", userScope("ada", "globex"));
    expect(open).toEqual(["a", "b", "d"]);
  });

  it("counts a workspace's users and shared servers together, and a server for everyone not at all", () => {
    start({ maxConnectionsPerWorkspace: 3 });
    request("a", userScope("ada"));
    request("b", shared);
    request("c", { share: "discovery", workspace: "acme" as WorkspaceId });
    request("d", userScope("bob"));
    request("e", everyone);
    request("f", userScope("ada", "globex"));
    expect(open).toEqual(["a", "b", "c", "e", "f"]);
  });

  it("counts a server by workspace and definition, so that no tenant uses up another's", () => {
    start({ maxConnectionsPerServer: 1 });
    request("a", userScope("ada"));
    request("b", userScope("bob"));
    request("c", shared);
    request("d", userScope("bob"), "files", "2");
    request("e", userScope("bob", "globex"));
    request("f", everyone);
    request("g", everyone);
    expect(open).toEqual(["a", "d", "e", "f"]);
  });

  it("keeps no list for a cap that is not narrower than one around it", () => {
    const limitsOf = (limits: Partial<CapacityLimits>, scope: Scope) => {
      start(limits);
      return request("a", scope).lane.bounds.map(({ limit }) => limit);
    };
    expect(limitsOf({}, userScope("ada"))).toEqual(["maxConnections"]);
    expect(limitsOf({ maxConnectionsPerUser: 100 }, userScope("ada"))).toEqual(["maxConnections"]);
    const narrow = { maxConnectionsPerWorkspace: 5, maxConnectionsPerUser: 5, maxConnectionsPerServer: 9 };
    expect(limitsOf(narrow, userScope("ada"))).toEqual(["maxConnectionsPerWorkspace", "maxConnections"]);
    expect(limitsOf(narrow, everyone)).toEqual(["maxConnectionsPerServer", "maxConnections"]);
  });
});

describe("a full cap", () => {
  it("closes the user's own least recently used idle connection at the user's cap", () => {
    start({ maxConnectionsPerUser: 2 });
    idle("b", userScope("bob"));
    const first = idle("a1", userScope("ada"), "a1");
    idle("a2", userScope("ada"), "a2");
    capacity.busy(first);
    capacity.idle(first);
    request("a3", userScope("ada"), "a3");
    expect([open, evicted]).toEqual([["b", "a1", "a3"], ["a2"]]);
  });

  it("closes the least recently used idle connection of all at the cap of all", () => {
    start({ maxConnections: 3 });
    idle("b", userScope("bob"));
    request("e", userScope("eve"));
    idle("a1", userScope("ada"));
    request("a2", userScope("ada"));
    expect([open, evicted]).toEqual([["e", "a1", "a2"], ["b"]]);
  });

  it("closes one where one makes room under all caps that are full", () => {
    start({ maxConnectionsPerUser: 2, maxConnectionsPerServer: 2 });
    idle("elsewhere", userScope("ada"), "mail");
    idle("there", userScope("ada"));
    request("busy", userScope("bob"));
    request("again", userScope("ada", "acme", "s2"));
    expect([open, evicted]).toEqual([["elsewhere", "busy", "again"], ["there"]]);
  });

  it("closes no more than one for each cap where it takes several", () => {
    start({ maxConnections: 5, maxConnectionsPerUser: 2, maxConnectionsPerServer: 2 });
    idle("oldest", userScope("eve"), "wiki");
    idle("mine", userScope("ada"), "mail");
    request("mine too", userScope("ada"), "wiki");
    idle("there", userScope("bob"));
    request("there too", userScope("kim"));
    request("next", userScope("ada"));
    expect([open, evicted]).toEqual([
      ["oldest", "mine too", "there too", "next"],
      ["mine", "there"],
    ]);
  });

  it("closes nobody in vain: not while another cap stays full", () => {
    start({ maxConnectionsPerUser: 1, maxConnectionsPerServer: 1 });
    idle("mine", userScope("ada"), "mail");
    const busy = request("busy", userScope("bob"));
    request("next", userScope("ada"));
    expect([open, evicted]).toEqual([["mine", "busy"], []]);
    capacity.idle(busy);
    expect([open, evicted.sort()]).toEqual([["next"], ["busy", "mine"]]);
  });

  it("lets whoever becomes idle stay where those who wait could not come in anyway", () => {
    start({ maxConnections: 3, maxConnectionsPerServer: 1 });
    const hung = request("hung", userScope("bob"));
    const other = request("other", userScope("eve"), "mail");
    request("third", userScope("kim"), "wiki");
    request("waits", userScope("ada"));
    capacity.idle(other);
    expect([open, evicted]).toEqual([["hung", "other", "third"], []]);
    capacity.idle(hung);
    expect([open, evicted]).toEqual([["other", "third", "waits"], ["hung"]]);
  });

  it("never closes a busy one: who comes later waits and is served in turn", () => {
    start({ maxConnections: 2 });
    const slots = [request("a", userScope("ada")), request("b", userScope("bob"))];
    request("c", userScope("eve"));
    request("d", userScope("zoe"));
    expect([open, evicted]).toEqual([["a", "b"], []]);
    capacity.idle(slots[1]!);
    gone(slots[0]!);
    expect([open, evicted]).toEqual([["a", "c", "d"], ["b"]]);
  });
});

describe("those who wait", () => {
  it("use up neither their user's nor their workspace's cap while a server is full", () => {
    start({ maxConnectionsPerWorkspace: 6, maxConnectionsPerUser: 3, maxConnectionsPerServer: 2 });
    request("a", userScope("ada"), "hung");
    request("b", userScope("bob"), "hung");
    for (let session = 0; session < 9; session++)
      request(`wait ${session}`, userScope("ada", "acme", `${session}`), "hung");
    request("c", userScope("ada"), "mail");
    request("d", userScope("ada"), "wiki");
    request("e", userScope("bob"), "mail");
    request("f", userScope("bob"), "wiki");
    expect(open).toEqual(["a", "b", "c", "d", "e", "f"]);
  });

  it("delay another user's first connection by one, at every cap", () => {
    for (const limit of [
      "maxConnections",
      "maxConnectionsPerWorkspace",
      "maxConnectionsPerServer",
    ] as const) {
      start({ [limit]: 1 });
      const holder = request("first", userScope("ada"));
      const many = Array.from({ length: 1_000 }, (_, n) =>
        request(`ada ${n}`, userScope("ada", "acme", `${n}`)),
      );
      request("bob", userScope("bob"));
      gone(holder);
      gone(many[0]!);
      expect(open.at(-1)).toBe("bob");
    }
  });

  it("delay another user's first connection by one, whatever comes and goes", () => {
    const users = ["ada", "bob", "eve"];
    const command = fc.record({
      isRequest: fc.boolean(),
      user: fc.nat(2),
      server: fc.nat(1),
      index: fc.nat(50),
    });
    fc.assert(
      fc.property(fc.array(command, { maxLength: 100 }), (commands) => {
        start({ maxConnectionsPerWorkspace: 2 });
        const slots: { user: string; slot: Slot; overtakenBy: string[]; isFirst: boolean }[] = [];
        for (const { isRequest, user, server, index } of commands) {
          const waiting = slots.filter(({ slot }) => slot.state === "waiting");
          if (isRequest) {
            const name = users[user]!;
            const isFirst = !waiting.some((other) => other.user === name);
            const slot = request(name, userScope(name), `${server}`);
            slots.push({ user: name, slot, overtakenBy: [], isFirst });
          } else {
            const held = slots.filter(({ slot }) => slot.state !== "released");
            const one = held[index % Math.max(1, held.length)];
            if (one) gone(one.slot);
          }
          const admitted = waiting.filter(({ slot }) => slot.state === "busy");
          for (const one of waiting)
            if (one.slot.state === "waiting" && one.isFirst)
              for (const { user } of admitted) if (user !== one.user) one.overtakenBy.push(user);
        }
        for (const { overtakenBy } of slots) expect(new Set(overtakenBy).size).toBe(overtakenBy.length);
      }),
    );
  });

  it("are bounded: callers of one user, and users in one line", () => {
    start({ maxConnectionsPerWorkspace: 1, maxWaiting: 2 });
    request("holder", userScope("ada"));
    const [one, other] = [request("b1", userScope("bob")), request("b2", userScope("bob"), "mail")];
    expect([join(one), join(other), join(one)]).toEqual([true, true, false]);
    const second = request("e", userScope("eve"));
    expect(join(second)).toBe(true);
    const late = request("z", userScope("zoe"));
    expect([join(late), join(second)]).toEqual([false, true]);
    gone(late);
    // Other workspaces have their own line.
    request("g", userScope("ada", "globex"));
    expect(join(request("h", userScope("bob", "globex")))).toBe(true);
    leave(one);
    expect(join(other)).toBe(true);
  });

  it("count for their server where they have no user", () => {
    start({ maxConnections: 1, maxWaiting: 2 });
    request("holder", userScope("ada"));
    const slots = ["files", "mail"].map((server) => request(server, shared, server));
    const outcomes = [0, 0, 0, 1, 1, 1].map((index) => join(slots[index]!));
    expect(outcomes).toEqual([true, true, false, true, true, false]);
  });

  it("give their callers' places back when they are let in or give up", () => {
    start({ maxConnections: 1, maxWaiting: 1 });
    const holder = request("holder", userScope("ada"));
    const first = request("first", userScope("bob"));
    expect(join(first)).toBe(true);
    const second = request("second", userScope("bob"), "mail");
    expect(join(second)).toBe(false);
    gone(holder);
    expect(open).toEqual(["holder", "first"]);
    expect(join(first)).toBe(false);
    leave(first);
    expect(join(second)).toBe(true);
    gone(second);
    leave(second);
    expect(join(request("third", userScope("bob"), "wiki"))).toBe(true);
  });
});

it("closes whoever was idle for idleTimeoutMs, on one timer, and has none when nobody is idle", () => {
  start({ maxConnectionsPerUser: 2 });
  const slot = idle("a", userScope("ada"));
  clock.step(600);
  idle("b", userScope("bob"));
  capacity.busy(slot);
  clock.step(600);
  expect([evicted, clock.pending]).toEqual([[], 1]);
  clock.step(400);
  expect([evicted, clock.pending]).toEqual([["b"], 0]);
  capacity.idle(slot);
  clock.step(1_000);
  expect([evicted, open, capacity.size, clock.pending]).toEqual([["b", "a"], [], 0, 0]);
});
