import { withDeadline, TenantryError, type Poolable } from "@tenantry/core";
import { keyOf, originKey, principalKey } from "../keys.ts";
import { Permits } from "../caps/permits.ts";
import type { EntryHost } from "../entry-host.ts";
import { restTimeoutMs } from "../limits.ts";
import { Opening } from "../opening.ts";
import { selects, type Selection } from "../selection.ts";
import type { Parked } from "./parked.ts";

/** So many at a time, beside the connections of users; one server that hangs leaves the others theirs. */
const maxAtOnce = 32;
const maxAtOncePerOrigin = 8;
/** Nobody's sessions at a server that hangs keep those of others waiting. */
const maxAtOncePerPrincipal = 2;
const timeoutMs = 5_000;
/** So many may wait, or as many as may be parked; and so many of one principal. */
const leastWaiting = 1_000;

/** Ends parked sessions at their servers, in the name of whom they belonged to, a few at a time. */
export class Farewells<C extends Poolable<P>, P> {
  readonly #host: EntryHost<C, P>;
  readonly #permits: Permits;
  readonly #pending = new Map<Parked<P>, Promise<void>>();
  #isOver = false;

  constructor(host: EntryHost<C, P>) {
    this.#host = host;
    this.#permits = new Permits({
      clock: host.clock,
      maxWaiting: leastWaiting,
      boundsOf: (_, origin, principal) => [
        {
          limit: "of one principal",
          key: keyOf(origin, principal),
          max: maxAtOncePerPrincipal,
          within: ["at one origin", "at once"],
        },
        { limit: "at one origin", key: origin, max: maxAtOncePerOrigin, within: ["at once"] },
        { limit: "at once", key: "", max: maxAtOnce, within: [] },
      ],
    });
  }

  /** Those that are not over. */
  get pending(): readonly Promise<void>[] {
    return [...this.#pending.values()];
  }

  /**
   * Ends a session; settles when that is done, or given up. Where as many wait as may be parked, it is left to the
   * server's own time for sessions.
   */
  say(parked: Parked<P>): Promise<void> {
    const most = Math.max(leastWaiting, this.#host.limits.maxParked);
    if (this.#isOver || this.#pending.size >= most) return Promise.resolve();
    // A server that cannot be told ends the session in its own time, too.
    const saying = this.#say(parked).catch(() => {});
    this.#pending.set(parked, saying);
    return saying.then(() => void this.#pending.delete(parked));
  }

  /** Those of the selected sessions that are not over. */
  select(selection: Selection): readonly Promise<void>[] {
    const chosen = [...this.#pending].filter(([{ target, subject }]) => selects(selection, target, subject));
    return chosen.map(([, saying]) => saying);
  }

  /** Gives up those that wait. */
  end(): void {
    this.#isOver = true;
  }

  async #say(parked: Parked<P>): Promise<void> {
    const { scope, server } = parked.target;
    const lane = this.#permits.lane(parked.target, originKey(scope, server), principalKey(scope));
    try {
      await this.#permits.wait(lane);
      try {
        if (!this.#isOver) await this.#end(parked);
      } finally {
        this.#permits.leave(lane);
      }
    } finally {
      this.#permits.drop(lane);
    }
  }

  /** A connection that goes on with the session ends it as it closes; settles when nothing is left of that either. */
  async #end({ target, credential, session }: Parked<P>): Promise<void> {
    const opening = new Opening(this.#host, { timeoutMs, target, credential, resume: session });
    const gone = async () => {
      await opening
        .start()
        .then((opened) => opened.close())
        .catch(() => {});
      await opening.rest;
    };
    const expired = () => new TenantryError("TIMEOUT", "The session was not ended in time.");
    await withDeadline({ clock: this.#host.clock, timeoutMs: restTimeoutMs, expired }, gone);
  }
}
