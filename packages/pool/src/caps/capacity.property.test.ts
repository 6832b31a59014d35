import fc from "fast-check";
import { expect, it } from "vitest";
import type { Scope, ServerRef } from "@tenantry/core";
import { stepClock } from "../../test/step-clock.ts";
import { Capacity } from "./capacity.ts";
import type { CapacityLimits } from "./connection-bounds.ts";
import type { Slot } from "./slot.ts";

const scopes = [
  { share: "user", workspace: "acme", user: "ada" },
  { share: "user", workspace: "acme", user: "ada", session: "s1" },
  { share: "user", workspace: "acme", user: "bob" },
  { share: "user", workspace: "acme", user: "kim" },
  { share: "user", workspace: "globex", user: "ada" },
  { share: "user", workspace: "globex", user: "eve" },
  { share: "workspace", workspace: "acme" },
  { share: "discovery", workspace: "globex" },
  { share: "everyone" },
] as readonly Scope[];
const servers = [
  { id: "files", digest: "1" },
  { id: "mail", digest: "1", origin: "https://one.example" },
  { id: "wiki", digest: "1", origin: "https://one.example" },
] as unknown as readonly ServerRef[];
const idleTimeoutMs = 100;

const max = (most: number) => fc.oneof(fc.integer({ min: 1, max: most }), fc.constant(Infinity));
const limits = fc.record({
  maxConnections: fc.integer({ min: 1, max: 7 }),
  maxConnectionsPerWorkspace: max(5),
  maxConnectionsPerUser: max(4),
  maxConnectionsPerServer: max(4),
  maxConnectsPerOrigin: max(2),
  maxConnectsPerUser: max(2),
  idleTimeoutMs: fc.constant(idleTimeoutMs),
  maxWaiting: fc.constantFrom(0, 1, 2, 1_000),
});

const index = fc.nat(50);
const command = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("request" as const),
      scope: fc.constantFrom(...scopes),
      server: fc.constantFrom(...servers),
      failsAtOnce: fc.constantFrom(false, false, false, true),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom("open" as const, "idle" as const, "release" as const),
      index,
    }),
  },
  fc.record({ kind: fc.constantFrom("busy" as const, "give up" as const, "gone" as const), index }),
  fc.record({ kind: fc.constantFrom("join" as const, "leave" as const), index }),
  fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(10, 60, 100) }),
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** One connection as the reference sees it. */
interface Connection {
  readonly slot: Slot;
  readonly party: string;
  /** The bounds that it counts towards, found by asking everybody each time. */
  readonly bounds: readonly { readonly key: string; readonly max: number }[];
  /** The bounds that it counts towards while it is being opened. */
  readonly connects: readonly { readonly key: string; readonly max: number }[];
  state: "waiting" | "opening" | "busy" | "idle" | "ending" | "gone";
  /** Whether it ends without having been opened. */
  wasOpening: boolean;
  endsSince: number;
  callers: number;
  idleSince: number;
  idleOrder: number;
}

function world(limits: CapacityLimits) {
  const clock = stepClock();
  const capacity = new Capacity(limits, clock);
  let all: Connection[] = [];
  let idles = 0;
  let expiring = false;
  /** Those evicted for somebody who has not been granted a slot yet, each as the full bounds where it was the oldest. */
  let evicted: (readonly string[])[] = [];

  const inState = (...states: Connection["state"][]) => all.filter(({ state }) => states.includes(state));
  const beneath = (key: string, ...states: Connection["state"][]) =>
    inState(...states).filter(({ bounds }) => bounds.some((bound) => bound.key === key));

  const leaveAll = (connection: Connection) => {
    while (connection.callers > 0) {
      connection.callers--;
      capacity.leave(connection.slot, connection.party);
    }
  };
  const end = (connection: Connection) => {
    leaveAll(connection);
    connection.wasOpening = connection.state === "opening";
    connection.endsSince = clock.now();
    connection.state = connection.state === "waiting" ? "gone" : "ending";
    capacity.end(connection.slot);
  };
  const gone = (connection: Connection) => {
    connection.state = "gone";
    capacity.release(connection.slot);
  };

  const onEvict = (connection: Connection) => {
    expect(connection.state).toBe("idle");
    if (expiring) {
      expect(connection.idleSince + idleTimeoutMs).toBe(clock.now());
      return end(connection);
    }
    const full = connection.bounds.filter(({ key, max }) => {
      const isOldest = beneath(key, "idle").every(({ idleOrder }) => idleOrder >= connection.idleOrder);
      return isOldest && beneath(key, "opening", "busy", "idle").length >= max;
    });
    expect(full).not.toEqual([]);
    evicted.push(full.map(({ key }) => key));
    end(connection);
  };

  const onGrant = (connection: Connection, failsAtOnce: boolean) => {
    expect(connection.state).toBe("waiting");
    connection.state = "opening";
    leaveAll(connection);
    for (const { key, max } of connection.bounds)
      expect(beneath(key, "opening", "busy", "idle").length).toBeLessThanOrEqual(max);
    expect(over()).toEqual([]);
    // Each of the evicted has made room that was needed.
    for (const full of evicted) {
      const needed = connection.bounds.filter(
        ({ key, max }) => full.includes(key) && beneath(key, "opening", "busy", "idle").length === max,
      );
      expect(needed).not.toEqual([]);
    }
    evicted = [];
    if (failsAtOnce) end(connection);
  };

  const request = ({ scope, server, failsAtOnce }: Extract<Command, { kind: "request" }>) => {
    const workspace = "workspace" in scope ? scope.workspace : undefined;
    const user = scope.share === "user" ? `user ${workspace} ${scope.user}` : undefined;
    const origin = server.origin ?? `${workspace} ${server.id}`;
    const bounds = [
      ...(user ? [{ key: user, max: limits.maxConnectionsPerUser }] : []),
      { key: `server ${workspace} ${server.id}`, max: limits.maxConnectionsPerServer },
      ...(workspace ? [{ key: `workspace ${workspace}`, max: limits.maxConnectionsPerWorkspace }] : []),
      { key: "all", max: limits.maxConnections },
    ];
    const holder = {
      granted: () => onGrant(connection, failsAtOnce),
      evict: () => onEvict(connection),
    };
    const connection: Connection = {
      slot: capacity.slot({ scope, server }, holder),
      party: user ?? `${scope.share} ${workspace} ${server.id}`,
      bounds,
      connects: [
        { key: origin, max: limits.maxConnectsPerOrigin },
        ...(user ? [{ key: `${origin} of ${user}`, max: limits.maxConnectsPerUser }] : []),
      ],
      state: "waiting",
      wasOpening: false,
      endsSince: 0,
      callers: 0,
      idleSince: 0,
      idleOrder: 0,
    };
    all.push(connection);
    capacity.request(connection.slot);
  };

  const callersOf = (party: string) =>
    inState("waiting")
      .filter((other) => other.party === party)
      .reduce((sum, { callers }) => sum + callers, 0);

  const join = (connection: Connection) => {
    const callers = callersOf(connection.party);
    const others = new Set(inState("waiting").map(({ slot }) => slot.lane.user)).size;
    const joined = capacity.join(connection.slot, connection.party);
    if (callers >= limits.maxWaiting) expect(joined).toBe(false);
    else if (connection.callers > 0 || others <= limits.maxWaiting) expect(joined).toBe(true);
    if (joined) connection.callers++;
  };

  const at = (list: readonly Connection[], { index }: { index: number }) =>
    list[index % Math.max(1, list.length)];
  const act = (command: Command): void => {
    switch (command.kind) {
      case "request":
        return request(command);
      case "open": {
        const connection = at(inState("opening"), command);
        if (connection === undefined) return;
        connection.state = "busy";
        return capacity.opened(connection.slot);
      }
      case "idle": {
        const connection = at(inState("busy"), command);
        if (connection === undefined) return;
        Object.assign(connection, { state: "idle", idleSince: clock.now(), idleOrder: ++idles });
        return capacity.idle(connection.slot);
      }
      case "busy": {
        const connection = at(inState("idle"), command);
        if (connection === undefined) return;
        connection.state = "busy";
        return capacity.busy(connection.slot);
      }
      case "release":
      case "give up": {
        const states =
          command.kind === "release" ? (["opening", "busy", "idle"] as const) : (["waiting"] as const);
        const connection = at(inState(...states), command);
        return connection && end(connection);
      }
      case "gone": {
        const connection = at(inState("ending"), command);
        return connection && gone(connection);
      }
      case "join": {
        const connection = at(inState("waiting"), command);
        return connection && join(connection);
      }
      case "leave": {
        const connection = at(
          inState("waiting").filter(({ callers }) => callers > 0),
          command,
        );
        if (connection === undefined) return;
        connection.callers--;
        return capacity.leave(connection.slot, connection.party);
      }
      case "pass":
        expiring = true;
        clock.step(command.ms);
        expiring = false;
        // What takes for ever to end is counted for 30 s.
        for (const connection of inState("ending"))
          if (clock.now() >= connection.endsSince + 30_000) connection.state = "gone";
    }
  };

  const isFull = (connect: Connection["connects"][number], over: number) => {
    const under = inState("opening", "ending").filter(({ connects }) =>
      connects.some(({ key }) => key === connect.key),
    );
    const opening = under.filter(({ state }) => state === "opening").length;
    const ending = under.filter(({ state, wasOpening }) => state === "ending" && wasOpening).length;
    return opening >= connect.max + over || opening + ending >= 2 * connect.max + over;
  };

  /** The bounds that are exceeded: by what is open, or, twice as high, by that and what is ending. */
  const over = () => {
    const held = count(inState("opening", "busy", "idle"));
    const left = count(inState("opening", "busy", "idle", "ending"));
    return all.flatMap(({ bounds, connects }) => [
      ...bounds.filter(({ key, max }) => (held.get(key) ?? 0) > max || (left.get(key) ?? 0) > 2 * max),
      ...connects.filter((connect) => isFull(connect, 1)),
    ]);
  };

  const invariants = () => {
    all = inState("waiting", "opening", "busy", "idle", "ending");
    const busy = count(inState("opening", "busy"));
    const left = count(inState("opening", "busy", "idle", "ending"));
    // Nobody waits who could be let in, be it by closing somebody who is idle.
    const stranded = inState("waiting").filter(
      ({ bounds, connects }) =>
        !connects.some((connect) => isFull(connect, 0)) &&
        bounds.every(({ key, max }) => (busy.get(key) ?? 0) < max && (left.get(key) ?? 0) < 2 * max),
    );
    const stale = inState("idle").filter(({ idleSince }) => clock.now() >= idleSince + idleTimeoutMs);
    expect({ over: over(), stranded, stale, evicted }).toEqual({
      over: [],
      stranded: [],
      stale: [],
      evicted: [],
    });
  };

  const finish = () => {
    for (const connection of [...inState("waiting"), ...inState("opening", "busy", "idle")]) {
      // Some have been let in meanwhile, or closed.
      if (connection.state === "gone" || connection.state === "ending") continue;
      end(connection);
      invariants();
    }
    for (const connection of inState("ending")) {
      gone(connection);
      invariants();
    }
    expect([capacity.size, clock.pending, inState("waiting", "opening", "busy", "idle", "ending")]).toEqual([
      0,
      0,
      [],
    ]);
  };

  return { act, invariants, finish };
}

/** How many connections count towards each bound. */
function count(connections: readonly Connection[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { bounds } of connections)
    for (const { key } of bounds) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

it("keeps every cap, strands nobody and closes only the oldest idle ones, and only where that lets somebody in", () => {
  fc.assert(
    fc.property(
      limits,
      fc.array(command, { minLength: 5, maxLength: 150, size: "max" }),
      (limits, commands) => {
        const { act, invariants, finish } = world(limits);
        for (const command of commands) {
          act(command);
          invariants();
        }
        finish();
      },
    ),
    { numRuns: 500 },
  );
});
