import type { AcquireOptions, Context, Principal, RunOptions } from "@tenantry/core";
import type { Resolved, Resolver } from "./resolver.ts";
import type { CheckedTarget } from "./targets.ts";

/** One caller's wish for a connection, from its first step to its last. */
export interface Demand {
  /** As {@link Targets} gives it, so that a change of the caller's objects changes nothing. */
  readonly target: CheckedTarget;
  readonly context: Context;
  readonly signal: AbortSignal | undefined;
  /** Who asks, where that is not the scope's own user. */
  readonly principal: Principal | undefined;
  /** Its newest credential. */
  resolved: Resolved;
  /** Whether its one repair is spent. */
  repaired: boolean;
  /** How often its work has begun. */
  attempts: number;
}

const nothing: Context = Object.freeze({});

/**
 * Takes down what a caller asks for and resolves its credential, at once where the provider can. A scope without a user
 * gets no context: a connection that others use must not be opened with one caller's credential.
 */
export function createDemand(
  resolver: Resolver,
  target: CheckedTarget,
  { context: own, signal, principal }: AcquireOptions & Pick<RunOptions, "principal">,
): Demand | Promise<Demand> {
  const context = target.scope.share === "user" ? own : nothing;
  const resolved = resolver.resolve({ target, context }, signal);
  const toDemand = (resolved: Resolved): Demand => ({
    target,
    context,
    signal,
    principal,
    resolved,
    repaired: false,
    attempts: 0,
  });
  return resolved instanceof Promise ? resolved.then(toDemand) : toDemand(resolved);
}
