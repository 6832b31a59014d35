import type { AcquireOptions, Challenge, Context, Credential, Target } from "@tenantry/core";
import type { Lifetime } from "./lifetime.ts";

/** A credential as it was at one moment. */
export interface Resolved {
  readonly credential: Credential | undefined;
  /** Counts resolutions in the order of their answers, so that a late caller does not bring an old credential back. */
  readonly order: number;
}

/** One caller's wish for a connection, from its first step to its last. */
export interface Demand {
  readonly target: Target;
  readonly context: Context;
  readonly signal: AbortSignal | undefined;
  /** Its newest credential. */
  resolved: Resolved;
  /** Whether its one repair is spent. */
  repaired: boolean;
}

/** A credential that the server refused, and what it said. */
export interface Rejected {
  /** Absent where the refused request carried none. */
  readonly generation?: string;
  readonly challenge?: Challenge;
}

const nothing: Context = Object.freeze({});

/**
 * Takes down what a caller asks for, so that a change of its objects meanwhile changes nothing, and resolves its
 * credential. A scope without a user gets no context: a connection that others use must not be opened with one
 * caller's credential.
 */
export async function createDemand(
  resolver: Resolver,
  target: Target,
  options: AcquireOptions,
): Promise<Demand> {
  const scope = Object.freeze({ ...target.scope });
  const demand = {
    target: { ...target, scope, server: Object.freeze({ ...target.server }) },
    context: scope.share === "user" ? options.context : nothing,
    signal: options.signal,
  };
  return { ...demand, resolved: await resolver.resolve(demand, demand.signal), repaired: false };
}

/** Resolves credentials and numbers the answers. */
export class Resolver {
  readonly #lifetime: Lifetime;
  #answers = 0;

  constructor(lifetime: Lifetime) {
    this.#lifetime = lifetime;
  }

  /** Resolves what the demand's server accepts from its scope; rejects as the provider does. */
  async resolve(
    { target, context }: Pick<Demand, "target" | "context">,
    signal: AbortSignal | undefined,
    rejected?: Rejected,
  ): Promise<Resolved> {
    const { scope, server, credentials } = target;
    if (credentials === undefined) return { credential: undefined, order: ++this.#answers };
    const credential = await this.#lifetime.during(signal, (signal) =>
      credentials.resolve({ scope, server, context, signal, ...(rejected && { rejected }) }),
    );
    return { credential, order: ++this.#answers };
  }
}
