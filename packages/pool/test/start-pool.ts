import { expect, onTestFinished } from "vitest";
import {
  TenantryError,
  type CredentialProvider,
  type Lease,
  type RunOptions,
  type Scope,
  type Target,
} from "@tenantry/core";
import { KeyedPool } from "../src/keyed-pool.ts";
import { checkLimits, type PoolLimits } from "../src/limits.ts";
import { poolOf, type Pool, type PoolOptions } from "../src/pool.ts";
import {
  fakeConnector,
  settle,
  targetOf,
  userScope,
  type FakeConnection,
  type FakeConnectorOptions,
  type FakeSession,
} from "./fake-connector.ts";
import { stepClock, type StepClock } from "./step-clock.ts";

type Keyed = KeyedPool<FakeConnection, FakeSession>;
type FakeConnector = PoolOptions<FakeConnection, FakeSession>["connector"];

/** What a pool under test is surrounded by. */
export interface StartOptions extends FakeConnectorOptions {
  /** Stands between the pool and the fake connector. */
  readonly connect?: (fake: FakeConnector) => FakeConnector;
  /** Where chance comes from; defaults to the middle of every range. */
  readonly random?: () => number;
  /** Something never comes back, so that the pool gives it up when it closes. */
  readonly hangs?: boolean;
}

/** What is asked of the pool: Ada of acme asks for her files where nothing else is said. */
export interface Wanted extends Partial<RunOptions> {
  /** Overrides `user` and `session`. */
  readonly scope?: Scope | undefined;
  readonly user?: string | undefined;
  readonly session?: string | undefined;
  readonly server?: string | undefined;
  readonly provider?: CredentialProvider | undefined;
}

/** A pool under test, with everything around it. */
export interface StartedPool {
  readonly pool: Pool<FakeConnection>;
  readonly clock: StepClock;
  readonly fake: ReturnType<typeof fakeConnector>;
  target(wanted?: Wanted): Target;
  acquire(wanted?: Wanted): Promise<Lease<FakeConnection>>;
  run<T>(work: (connection: FakeConnection, attempt: number) => Promise<T>, wanted?: Wanted): Promise<T>;
}

/** Starts a pool that is closed when the test is over, and then leaves nothing behind. */
export function startPool(limits: Partial<PoolLimits> = {}, options: StartOptions = {}): StartedPool {
  const { connect = (connector) => connector, random = () => 0.5, hangs = false } = options;
  const clock = stepClock();
  const fake = fakeConnector(options);
  const connector = connect(fake.connector);
  const keyed = new KeyedPool({ connector, clock, random, limits: checkLimits(limits) });
  const leases: Lease<FakeConnection>[] = [];
  const pool: Pool<FakeConnection> = {
    ...poolOf(keyed),
    async acquire(target, options) {
      const lease = await keyed.acquire(target, options);
      leases.push(lease);
      return lease;
    },
  };
  const target = ({ user = "ada", session, server = "files", scope, provider }: Wanted = {}) =>
    targetOf(fake.upstreamOf(server), scope ?? userScope(user, "acme", session), server, provider);
  const started: StartedPool = {
    pool,
    clock,
    fake,
    target,
    acquire: (wanted = {}) => pool.acquire(target(wanted), optionsOf(wanted)),
    run: (work, wanted = {}) => pool.run(target(wanted), work, optionsOf(wanted)),
  };
  onTestFinished(async () => {
    await close(started, hangs);
    for (const lease of leases) lease.release();
    checkNothingIsLeft(started, keyed);
    if (!hangs) checkEndings(started);
  });
  return started;
}

/** What the caller hears; fails where the promise is fulfilled. */
export function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => Promise.reject(new Error(`It gave ${String(value)}.`)),
    (failure: unknown) => failure,
  );
}

/** The code by which the caller hears of it, or whatever else it is rejected with. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const failure = await failureOf(promise);
  return failure instanceof TenantryError ? failure.code : failure;
}

function optionsOf({ context = {}, resend = "refused", signal, principal }: Wanted): RunOptions {
  return { context, resend, signal, principal };
}

/** Closes the pool; time passes only where it must. */
async function close({ pool, clock, fake }: StartedPool, hangs: boolean): Promise<void> {
  const isKept = hangs || pool.stats().leases > 0 || fake.openings.some(({ settled }) => !settled);
  let isClosed = false;
  const closing = pool.close().then(() => (isClosed = true));
  await settle();
  if (!isKept) expect(isClosed).toBe(true);
  for (let turn = 0; turn < 10 && (hangs || !isClosed); turn++) {
    clock.step(60_000);
    await settle();
  }
  await closing;
}

/** No timer, and nothing that is kept by key: what one caller leaves there, very many callers leave as often. */
function checkNothingIsLeft({ pool, clock }: StartedPool, { holdings }: Keyed): void {
  expect(clock.pending).toBe(0);
  expect(pool.stats()).toMatchObject({ connections: 0, leases: 0, waiting: 0, entries: [] });
  const { capacity, calls, troubles } = holdings;
  expect({ slots: capacity.size, calls: calls.size, troubles: troubles.size }).toEqual({
    slots: 0,
    calls: 0,
    troubles: 0,
  });
}

/** Every endpoint was given back, every connection ended once, and every session with one of its connections. */
function checkEndings({ fake: { endpoints, connections } }: StartedPool): void {
  expect(endpoints.returned).toBe(endpoints.borrowed);
  for (const { ended, closes, parked, lost } of connections)
    expect({ ended, ends: closes + Number(parked) + Number(lost) }).toEqual({ ended: true, ends: 1 });
  for (const { opening } of connections.filter(({ opening }) => opening.resume === undefined)) {
    const own = connections.filter(({ session }) => session === opening);
    expect(own.filter(({ closes, lost }) => closes > 0 || lost)).toHaveLength(1);
  }
}
