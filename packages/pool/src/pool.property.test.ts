import fc from "fast-check";
import { expect, it } from "vitest";
import { TenantryError, type Credential, type Lease, type Scope } from "@tenantry/core";
import {
  credentialOf,
  fakeConnector,
  fakeProvider,
  settle,
  targetOf,
  userScope,
  type FakeConnection,
  type FakeSession,
  type Opening,
} from "../test/fake-connector.ts";
import { stepClock } from "../test/step-clock.ts";
import { createPool } from "./index.ts";

const maxConnections = 4;
const maxConnectionsPerUser = 2;
const scopes = [
  userScope("ada"),
  userScope("bob"),
  userScope("ada", "globex"),
  { share: "everyone" } as Scope,
];
const servers = ["files", "mail"];

const index = fc.nat(50);
const caller = { scope: fc.nat(scopes.length - 1), server: fc.nat(servers.length - 1) };
const command = fc.oneof(
  fc.record({ kind: fc.constantFrom("acquire" as const, "run" as const), ...caller }),
  fc.record({ kind: fc.constantFrom("release" as const, "abort" as const, "lose" as const), index }),
  fc.record({ kind: fc.constantFrom("arrive" as const, "fail" as const, "refuse" as const), index }),
  fc.record({ kind: fc.constantFrom("rotate" as const, "regrant" as const), ...caller }),
  fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(10, 50, 100) }),
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** A pool in a small world, with whatever the commands may act on. */
function world(scheduler: fc.Scheduler) {
  const clock = stepClock();
  const fake = fakeConnector({ automatic: false });
  const limits = {
    maxConnections,
    maxConnectionsPerUser,
    maxWaiting: 4,
    idleTimeoutMs: 100,
    connectTimeoutMs: 100,
    acquireTimeoutMs: 100,
    drainTimeoutMs: 50,
  };
  const pool = createPool<FakeConnection, FakeSession>({ connector: fake.connector, limits, clock });
  const leases: Lease<FakeConnection>[] = [];
  const aborts: AbortController[] = [];
  const outcomes: Promise<unknown>[] = [];
  let generation = 0;
  // Subjects and generations say nothing of whose they are, so that only the scope keeps the principals apart.
  const owners = new WeakMap<Credential, string>();
  const grant = (s: number, server: string, subject: string, generation: string) => {
    const credential = credentialOf(subject, generation);
    owners.set(credential, `${s} ${server}`);
    return credential;
  };
  const principals = scopes.map((scope, s) =>
    servers.map((server) => {
      const provider = fakeProvider(grant(s, server, "0", "0"));
      // Each resolution takes as long as the scheduler likes.
      const resolve = provider.resolve.bind(provider);
      provider.renew = ({ rejected }) =>
        grant(s, server, provider.current?.subject ?? "", `${rejected?.generation}+`);
      provider.resolve = async (request) => (await scheduler.schedule(Promise.resolve()), resolve(request));
      return { s, server, provider, target: targetOf(fake.upstreamOf(server), scope, server, provider) };
    }),
  );
  const principalOf = (command: { scope: number; server: number }) =>
    principals[command.scope]![command.server]!;

  /** No work gets a connection that was opened for another scope, server or subject. */
  const check = (connection: FakeConnection, { s, server }: { s: number; server: string }) => {
    expect(connection.opening.scope).toEqual(scopes[s]);
    expect(connection.opening.server).toBe(server);
    expect(connection.opening.credential && owners.get(connection.opening.credential)).toBe(`${s} ${server}`);
  };

  const pending = () => fake.openings.filter(({ settled }) => !settled);
  const keyOf = ({ scope, server, credential }: Opening) =>
    JSON.stringify([scope, server, credential?.subject]);
  const invariants = () => {
    const keys = pending()
      .filter(({ signal }) => !signal.aborted)
      .map(keyOf);
    expect(new Set(keys).size).toBe(keys.length);
    const live = [
      ...pending()
        .filter(({ signal }) => !signal.aborted)
        .map(({ scope }) => scope),
    ];
    live.push(...fake.connections.filter(({ ended }) => !ended).map(({ opening }) => opening.scope));
    expect(live.length).toBeLessThanOrEqual(maxConnections);
    for (const scope of scopes.slice(0, 3)) {
      const own = live.filter((other) => JSON.stringify(other) === JSON.stringify(scope));
      expect(own.length).toBeLessThanOrEqual(maxConnectionsPerUser);
    }
    // A connection is closed only once, and never under its users while the pool is open.
    for (const { connection } of leases) expect(connection.closes).toBe(0);
  };

  const start = (command: { kind: "acquire" | "run"; scope: number; server: number }) => {
    const principal = principalOf(command);
    const abort = new AbortController();
    aborts.push(abort);
    const options = { context: {}, signal: abort.signal };
    const work = async (connection: FakeConnection, attempt: number) => {
      expect(attempt).toBeLessThanOrEqual(2);
      check(connection, principal);
      const held = { connection } as Lease<FakeConnection>;
      leases.push(held);
      const verdict = await scheduler
        .schedule(Promise.resolve(command.scope + aborts.length))
        .finally(() => leases.splice(leases.indexOf(held), 1));
      if (verdict % 3 === 1)
        throw new TenantryError("SESSION_LOST", "no", { delivery: "refused", recover: "reconnect" });
      if (verdict % 3 === 2)
        throw new TenantryError("UNAUTHORIZED", "no", { delivery: "refused", recover: "reauthorize" });
    };
    const outcome =
      command.kind === "run"
        ? pool.run(principal.target, work, { ...options, resend: "refused" })
        : pool
            .acquire(principal.target, options)
            .then((lease) => (leases.push(lease), check(lease.connection, principal)));
    outcomes.push(
      outcome.catch((error: unknown) => {
        if (!(error instanceof TenantryError) && !(error === "left" && abort.signal.aborted)) throw error;
      }),
    );
  };

  const at = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(1, list.length)];
  const act = (command: Command): void => {
    switch (command.kind) {
      case "acquire":
      case "run":
        return start(command);
      case "release": {
        const lease = at(
          leases.filter((one) => "release" in one),
          command.index,
        );
        if (lease) leases.splice(leases.indexOf(lease), 1);
        lease?.release();
        return lease?.release();
      }
      case "abort":
        return at(aborts, command.index)?.abort("left");
      case "lose":
        return at(
          fake.connections.filter(({ ended }) => !ended),
          command.index,
        )?.lose();
      case "arrive":
        return void at(pending(), command.index)?.arrive();
      case "fail":
        return at(pending(), command.index)?.fail(new TenantryError("CONNECT_FAILED", "no"));
      case "refuse":
        return at(pending(), command.index)?.fail(
          new TenantryError("UNAUTHORIZED", "no", { delivery: "refused" }),
        );
      case "rotate": {
        const { s, server, provider } = principalOf(command);
        provider.current = grant(s, server, provider.current?.subject ?? "", `g${++generation}`);
        return;
      }
      case "regrant": {
        const { s, server, provider } = principalOf(command);
        provider.current = grant(s, server, `${++generation}`, "0");
        return;
      }
      case "pass":
        return clock.step(command.ms);
    }
  };

  const finish = async () => {
    const closing = pool.close();
    // What is still being worked on ends while the pool drains.
    await scheduler.waitIdle();
    await settle();
    clock.step(1000);
    await closing;
    leases.length = 0;
    // Nobody is stranded: this would not end.
    await Promise.all(outcomes);
    invariants();
    expect(pending()).toEqual([]);
    for (const { closes, ended } of fake.connections) expect([ended, closes <= 1]).toEqual([true, true]);
    expect(fake.endpoints.returned).toBe(fake.endpoints.borrowed);
    expect(clock.pending).toBe(0);
    expect(pool.stats()).toMatchObject({ connections: 0, leases: 0, waiting: 0, entries: [] });
  };

  return { act, invariants, finish };
}

it(
  "keeps principals apart, caps kept and ends tidy in whatever order things happen",
  { timeout: 30_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(command, { minLength: 5, maxLength: 60 }),
        async (scheduler, commands) => {
          const { act, invariants, finish } = world(scheduler);
          for (const [step, command] of commands.entries()) {
            act(command);
            if (step % 2 === 0 && scheduler.count() > 0) await scheduler.waitOne();
            await settle();
            invariants();
          }
          await finish();
        },
      ),
      { numRuns: 500 },
    );
  },
);
