import type { Credential, Poolable, Target } from "@tenantry/core";
import type { Place } from "../caps/linked-list.ts";
import type { PoolKey } from "../keys.ts";

/** What is known of a session that is parked. */
export interface ParkedFacts<P> {
  readonly key: PoolKey;
  readonly target: Target;
  readonly credential: Credential | undefined;
  /** Whose authority it carried when the session was parked. */
  readonly subject: string | undefined;
  readonly session: P;
  /** When the session is too old to go on with, in milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

/**
 * A connection reduced to the record of its session, with all that it takes to go on with it or to end it. There may be
 * very many, so each is its own place among them.
 */
export class Parked<P> implements ParkedFacts<P>, Place<Parked<P>> {
  readonly key: PoolKey;
  readonly target: Target;
  readonly credential: Credential | undefined;
  readonly subject: string | undefined;
  readonly session: P;
  readonly expiresAt: number;
  before: Place<Parked<P>> | undefined;
  after: Place<Parked<P>> | undefined;
  /** When it has been parked for too long. */
  dueAt = 0;

  constructor({ key, target, credential, subject, session, expiresAt }: ParkedFacts<P>) {
    this.key = key;
    this.target = target;
    this.credential = credential;
    this.subject = subject;
    this.session = session;
    this.expiresAt = expiresAt;
  }

  get item(): Parked<P> {
    return this;
  }
}

/** The session of a connection that can be parked. One that fails at it is closed, and keeps nobody else from being parked. */
export function sessionOf<P>(connection: Poolable<P>): P | undefined {
  try {
    return connection.park();
  } catch {
    return undefined;
  }
}
