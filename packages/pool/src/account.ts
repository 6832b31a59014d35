import type { Principal } from "@tenantry/core";
import type { PermitLane, Permits } from "./caps/permits.ts";
import type { Entry } from "./entry.ts";
import { keyOf, originKey, principalKey, type PoolKey } from "./keys.ts";
import type { Trouble } from "./trouble/trouble.ts";
import type { Troubles } from "./trouble/troubles.ts";

/** Where accounts are kept. */
export interface Accounts {
  /** Who may call. */
  readonly calls: Permits;
  readonly troubles: Troubles;
}

/** Where calls count: in whose turn they come and towards whose cap, and whose trouble it is what becomes of them. */
export class Account {
  readonly lane: PermitLane;
  readonly trouble: Trouble;
  readonly #accounts: Accounts;
  #isClosed = false;

  /** The lane and the trouble are the account's own from now on. */
  constructor(accounts: Accounts, { lane, trouble }: Pick<Account, "lane" | "trouble">) {
    this.lane = lane;
    this.trouble = trouble;
    this.#accounts = accounts;
  }

  /** What became of the last call is known; only then may the trouble be forgotten. A second call does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#accounts.calls.drop(this.lane);
    this.#accounts.troubles.drop(this.trouble);
  }
}

/** Opens the account of one user on a connection that several share: nobody else hears of that user's trouble. */
export function guestAccount(
  accounts: Accounts,
  principal: Principal,
  { id, key, target }: Pick<Entry<never, unknown>, "id" | "key" | "target">,
): Account {
  const user = principalKey({ share: "user", ...principal });
  const { id: server, origin } = target.server;
  const lane = accounts.calls.lane(target, id, user);
  const poolKey = keyOf(key, user) as PoolKey;
  const way = originKey(target.scope, target.server);
  return new Account(accounts, {
    lane,
    trouble: accounts.troubles.of({ poolKey, server, way, principal: user, origin }),
  });
}
