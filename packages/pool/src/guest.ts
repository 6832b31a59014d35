import type { Principal } from "@tenantry/core";
import { turnKey } from "./caps/keys.ts";
import type { PermitLane } from "./caps/permits.ts";
import type { EntryHost } from "./entry-host.ts";
import type { Entry } from "./entry.ts";
import { principalKey, type PoolKey } from "./pool-key.ts";
import type { Trouble } from "./trouble/trouble.ts";

type Accounts = Pick<EntryHost<never, unknown>, "calls" | "troubles">;

/**
 * One user on a connection that several share, for one call: it counts towards the user's own cap, comes in the user's
 * turn, and what becomes of it is the user's own trouble, of which nobody else hears.
 */
export class Guest {
  readonly lane: PermitLane;
  readonly trouble: Trouble;
  readonly #accounts: Accounts;

  constructor(
    accounts: Accounts,
    principal: Principal,
    { id, key, target }: Pick<Entry<never, unknown>, "id" | "key" | "target">,
  ) {
    const user = { share: "user", ...principal } as const;
    const { id: server, origin } = target.server;
    this.#accounts = accounts;
    this.lane = accounts.calls.lane(target, id, turnKey(user));
    this.trouble = accounts.troubles.of({
      poolKey: `${key}${principalKey(user)}` as PoolKey,
      server,
      principal: principalKey(user),
      origin,
    });
  }

  /** The call is over, and what became of it has been told. */
  leave(): void {
    this.#accounts.calls.drop(this.lane);
    this.#accounts.troubles.drop(this.trouble);
  }
}
