import type { Credential, Target } from "@tenantry/core";
import type { Place } from "../caps/linked-list.ts";
import type { PoolKey } from "../pool-key.ts";

/** A connection reduced to the record of its session, with all that it takes to go on with it or to end it. */
export interface Parked<P> {
  readonly key: PoolKey;
  readonly target: Target;
  readonly credential: Credential | undefined;
  readonly session: P;
  /** When the session is too old to go on with, in milliseconds since the Unix epoch. */
  readonly expiresAt: number;
  /** Where it stands among the parked, and when it has been there for too long. */
  place: Place<Parked<P>> | undefined;
  dueAt: number;
}
