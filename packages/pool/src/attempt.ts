import { isAbortReason, type Poolable, type RunOptions } from "@tenantry/core";
import { guestAccount, type Account } from "./account.ts";
import type { Permits } from "./caps/permits.ts";
import type { Demand } from "./demand.ts";
import type { EntryHost } from "./entry-host.ts";
import type { Entry } from "./entry.ts";
import { connectionEnded, explained, revoked } from "./failure.ts";
import { repair } from "./repair.ts";
import type { Resolved, Resolver } from "./resolver.ts";
import type { CheckedTarget } from "./targets.ts";

/** A connection on loan to one attempt. */
export interface Loan<C extends Poolable<P>, P> {
  readonly entry: Entry<C, P>;
  readonly connection: C;
}

/** Lends to one attempt. */
export interface Lender<C extends Poolable<P>, P> {
  readonly resolver: Resolver;
  readonly holdings: Pick<EntryHost<C, P>, "calls" | "callers" | "troubles" | "isClosed">;
  /** Gives the loan itself where the connection is open, and a promise of it otherwise. */
  borrow(demand: Demand): Loan<C, P> | Promise<Loan<C, P>>;
}

/** What is done with a connection. */
export type Work<C, T> = (connection: C, attempt: number) => Promise<T>;

/**
 * Runs `work` with a connection. Where the work fails with an error that names its repair, or that needs none because
 * only the answer was lost, and what it sent may be sent again, the work is run once more, whatever then becomes of it.
 */
export async function runAttempts<C extends Poolable<P>, P, T>(
  lender: Lender<C, P>,
  target: CheckedTarget,
  asked: Demand | Promise<Demand>,
  work: Work<C, T>,
  options: RunOptions,
): Promise<T> {
  const { holdings } = lender;
  try {
    const demand = asked instanceof Promise ? await asked : asked;
    for (let ended = 0; ended < maxEnded;) {
      const lent = lender.borrow(demand);
      const { entry, connection } = lent instanceof Promise ? await lent : lent;
      let guest: Account | undefined;
      let carried = entry.carried.resolved;
      try {
        guest = demand.principal && guestAccount(holdings, demand.principal, entry);
        const account = guest ?? entry.standing.account;
        const entering = enter(holdings, demand, entry, account);
        const isIn = entering instanceof Promise ? await entering : entering;
        if (isIn && lender.resolver.isRevoked(demand)) {
          holdings.calls.leave(account.lane);
          throw revoked(target.server.id);
        }
        // It may have ended while this call waited for its turn. Nothing was sent then.
        if (isIn && entry.isOpen) {
          carried = entry.carried.resolved;
          return await callOnce(holdings.calls, account, { demand, carried }, work, connection);
        }
        if (isIn) holdings.calls.leave(account.lane);
        ended++;
      } catch (failure) {
        if (!(await repair(lender, demand, { entry, carried }, failure, options.resend))) throw failure;
      } finally {
        guest?.close();
        entry.release();
      }
    }
    throw connectionEnded(target.server.id);
  } catch (failure) {
    throw explained(failure, target, options);
  }
}

/** A connection that ends before it can be used is not replaced for ever. */
const maxEnded = 3;

/** Takes a permit, at once where there is room; `false` where the connection has ended, or ends before there is. */
function enter<C extends Poolable<P>, P>(
  { calls }: Lender<C, P>["holdings"],
  { signal, principal }: Demand,
  entry: Entry<C, P>,
  { lane }: Account,
): boolean | Promise<boolean> {
  if (!entry.isOpen) return false;
  if (calls.enter(lane)) return true;
  return calls.wait(lane, { signal, others: entry.standing.waits, principal });
}

/** Works unless calls are held back, and gives the permit back. */
async function callOnce<C, T>(
  calls: Permits,
  { lane, trouble }: Account,
  { demand, carried }: { readonly demand: Demand; readonly carried: Resolved },
  work: Work<C, T>,
  connection: C,
): Promise<T> {
  const { generation } = carried;
  try {
    const admission = trouble.admit(generation);
    let result: T;
    try {
      result = await work(connection, ++demand.attempts);
    } catch (failure) {
      if (isAbortReason(failure, demand.signal)) trouble.left(admission);
      else trouble.failed(admission, failure, "calling", generation);
      throw failure;
    }
    trouble.succeeded(admission, "calling");
    return result;
  } finally {
    calls.leave(lane);
  }
}
