import {
  scopeParts,
  type AcquireOptions,
  type Clock,
  type Connection,
  type ConnectionPool,
  type RunOptions,
  type Target,
} from "@tenantry/core";
import { isAnswered, surelyNotRun, upstreamFailure } from "./failure.ts";
import { UpstreamSwitch } from "./upstream-switch.ts";

type Work<T> = (connection: Connection, attempt: number) => Promise<T>;

/** One call at a server with several upstreams. */
interface SwitchedCall<T> {
  readonly way: UpstreamSwitch;
  readonly target: Target;
  readonly work: Work<T>;
  readonly options: RunOptions;
}

/**
 * A pool that leads the calls of servers with several upstreams to one of them, each from its beginning to its end; all
 * other calls go through as they are. Where a route has a fallback, what surely was not run at first is run there.
 */
export function switchingPool(
  pool: ConnectionPool<Connection>,
  clock: Pick<Clock, "now">,
): ConnectionPool<Connection> {
  async function runSwitched<T>(call: SwitchedCall<T>): Promise<T> {
    const { first, fallback } = call.way.choice(call.target.scope, clock.now());
    if (fallback === undefined) return runAt(first, call);
    try {
      return await runAt(first, call);
    } catch (failure) {
      const { signal } = call.options;
      const isDown = upstreamFailure({ failure, signal, began: false }) !== undefined;
      if (!isDown || !surelyNotRun(failure) || signal?.aborted === true) throw failure;
    }
    return runAt(fallback, call);
  }

  async function runAt<T>(name: string, { way, target, work, options }: SwitchedCall<T>): Promise<T> {
    const there = way.at(name, target);
    if (!way.watches(name, clock.now())) return pool.run(there, work, options);
    let began = false;
    const noted: Work<T> = (connection, attempt) => {
      began = true;
      return work(connection, attempt);
    };
    const who = whoAsks(target, options);
    try {
      const result = await pool.run(there, noted, options);
      way.tell(name, { at: clock.now(), who });
      return result;
    } catch (failure) {
      const code = upstreamFailure({ failure, signal: options.signal, began });
      if (code !== undefined || isAnswered(failure)) way.tell(name, { at: clock.now(), who, failure: code });
      throw failure;
    }
  }

  return Object.freeze({
    run<T>(target: Target, work: Work<T>, options: RunOptions): Promise<T> {
      const { upstream: way } = target;
      return way instanceof UpstreamSwitch
        ? runSwitched({ way, target, work, options })
        : pool.run(target, work, options);
    },
    acquire(target: Target, options: AcquireOptions) {
      const { upstream } = target;
      if (!(upstream instanceof UpstreamSwitch)) return pool.acquire(target, options);
      return pool.acquire(upstream.at(upstream.choice(target.scope, clock.now()).first, target), options);
    },
  });
}

/** Whom an outcome counts for, whatever the session. */
function whoAsks({ scope }: Target, { principal }: RunOptions): string {
  if (principal !== undefined) return JSON.stringify([principal.workspace, principal.user]);
  if (scope.share === "user") return JSON.stringify([scope.workspace, scope.user]);
  return JSON.stringify(scopeParts(scope));
}
