import type { AcquireOptions, Context, Principal } from "@tenantry/core";
import type { Resolved, Resolver } from "./resolver.ts";
import type { CheckedTarget } from "./targets.ts";

/** One caller's wish for a connection, from its first step to its last. */
export interface Demand {
  /** As {@link Targets} gives it, so that a change of the caller's objects changes nothing. */
  readonly target: CheckedTarget;
  readonly context: Context;
  readonly signal: AbortSignal | undefined;
  /** Who asks, where the scope is not one user's. */
  readonly principal: Principal | undefined;
  /** How many revocations there had been when it began. */
  readonly asOf: number;
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
  { context: own, signal }: AcquireOptions,
  asking?: Principal,
): Demand | Promise<Demand> {
  const isShared = target.scope.share !== "user";
  const context = isShared ? nothing : own;
  const principal = isShared ? asking : undefined;
  const asOf = resolver.revocations;
  const resolved = resolver.resolve({ target, context }, signal);
  const toDemand = (resolved: Resolved): Demand => ({
    target,
    context,
    signal,
    principal,
    asOf,
    resolved,
    repaired: false,
    attempts: 0,
  });
  return resolved instanceof Promise ? resolved.then(toDemand) : toDemand(resolved);
}
