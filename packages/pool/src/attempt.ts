import { TenantryError, type Poolable, type RunOptions, type Target } from "@tenantry/core";
import type { PermitLane, Permits } from "./caps/permits.ts";
import type { Demand } from "./demand.ts";
import type { EntryHost } from "./entry-host.ts";
import type { Entry } from "./entry.ts";
import { connectionEnded, explained } from "./failure.ts";
import { Guest } from "./guest.ts";
import type { Resolved, Resolver } from "./resolver.ts";

/** A connection on loan to one attempt. */
export interface Loan<C extends Poolable<P>, P> {
  readonly entry: Entry<C, P>;
  readonly connection: C;
  /** The credential that the connection carried when the attempt began. */
  carried: Resolved;
}

/** Lends to one attempt. */
export interface Lender<C extends Poolable<P>, P> {
  readonly resolver: Resolver;
  readonly holdings: Pick<EntryHost<C, P>, "calls" | "troubles" | "limits" | "isClosed">;
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
  target: Target,
  asked: Demand | Promise<Demand>,
  work: Work<C, T>,
  options: RunOptions,
): Promise<T> {
  const { holdings } = lender;
  try {
    const demand = asked instanceof Promise ? await asked : asked;
    for (let ended = 0; ended < maxEnded;) {
      const lent = lender.borrow(demand);
      const loan = lent instanceof Promise ? await lent : lent;
      const { entry } = loan;
      const guest = guestOf(holdings, demand, entry);
      const caller = guest ?? entry.standing;
      try {
        // It may have ended since it was lent, and while this call waited for its turn. Nothing was sent then.
        const isIn =
          entry.isOpen &&
          (holdings.calls.enter(caller.lane) || (await waitForTurn(holdings, demand, entry, caller.lane)));
        if (isIn && entry.isOpen) return await callOnce(holdings.calls, demand, loan, caller, work);
        if (isIn) holdings.calls.leave(caller.lane);
        ended++;
      } catch (failure) {
        if (!(await repair(lender, demand, loan, failure, options.resend))) throw failure;
      } finally {
        guest?.leave();
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

/** Where a call counts: where its connection does, or as one user's among those who share it. */
type Caller = Pick<Guest, "lane" | "trouble">;

function guestOf<C extends Poolable<P>, P>(
  holdings: Lender<C, P>["holdings"],
  { principal }: Demand,
  entry: Entry<C, P>,
): Guest | undefined {
  const isShared = entry.target.scope.share !== "user" && principal !== undefined;
  return isShared ? new Guest(holdings, principal, entry) : undefined;
}

/** Works unless calls are held back, and gives back the permit for that. */
async function callOnce<C extends Poolable<P>, P, T>(
  calls: Permits,
  demand: Demand,
  loan: Loan<C, P>,
  { lane, trouble }: Caller,
  work: Work<C, T>,
): Promise<T> {
  loan.carried = loan.entry.carried.resolved;
  const { generation } = loan.carried.credential ?? {};
  try {
    const admission = trouble.admit(generation);
    let result: T;
    try {
      result = await work(loan.connection, ++demand.attempts);
    } catch (failure) {
      trouble.failed(admission, failure, "calling", generation);
      throw failure;
    }
    trouble.succeeded(admission, "calling");
    return result;
  } finally {
    calls.leave(lane);
  }
}

/** Waits for a permit; `false` where the connection ends before. */
async function waitForTurn<C extends Poolable<P>, P>(
  { calls, limits }: Lender<C, P>["holdings"],
  { signal }: Demand,
  entry: Entry<C, P>,
  lane: PermitLane,
): Promise<boolean> {
  const left = new AbortController();
  const leave = () => left.abort(signal?.reason);
  signal?.addEventListener("abort", leave, { once: true });
  const stopHearing = entry.hearEnd(() => left.abort(ended));
  try {
    signal?.throwIfAborted();
    await calls.wait(lane, { signal: left.signal, timeoutMs: limits.acquireTimeoutMs });
    return true;
  } catch (failure) {
    if (failure === ended) return false;
    throw failure;
  } finally {
    stopHearing();
    signal?.removeEventListener("abort", leave);
  }
}

/** Why somebody stops waiting for a connection's turn that is not there any more. */
const ended = Symbol("ended");

/**
 * Asks for another credential after the server refused the one that was carried; all whose request was refused with it
 * share one question. `true` where there is another one, which the demand then goes on with.
 */
export async function reauthorize<C extends Poolable<P>, P>(
  { resolver, holdings }: Lender<C, P>,
  demand: Demand,
  { entry, carried }: Pick<Loan<C, P>, "entry" | "carried">,
  { challenge }: TenantryError,
): Promise<boolean> {
  if (demand.repaired || holdings.isClosed || demand.target.credentials === undefined) return false;
  demand.repaired = true;
  const { subject } = demand.resolved.credential ?? {};
  const { generation } = carried.credential ?? {};
  // A server may refuse a request that carried nothing; its challenge tells the provider what it wants.
  const rejected = { ...(generation !== undefined && { generation }), ...(challenge && { challenge }) };
  const ask = async (signal: AbortSignal | undefined) => resolver.resolve(demand, signal, rejected);
  const refused = { generation, order: carried.order };
  let { result, own } = await entry.carried.renewal.join(refused, ask, demand.signal);
  if (!own && demand.target.scope.share === "user" && result.credential?.subject !== subject) {
    // Another authority than the refused one may come from the context of the call that asked, and is that call's alone.
    result = await ask(demand.signal);
  }
  const { credential } = result;
  if (credential?.subject === subject && credential?.generation === generation) return false;
  demand.resolved = result;
  return true;
}

async function repair<C extends Poolable<P>, P>(
  lender: Lender<C, P>,
  demand: Demand,
  loan: Loan<C, P>,
  failure: unknown,
  resend: RunOptions["resend"],
): Promise<boolean> {
  if (!(failure instanceof TenantryError)) return false;
  const { entry } = loan;
  // Whether or not this work may be sent again, the next one needs a connection that works.
  if (failure.recover === "reconnect") entry.retire();
  if (lender.holdings.isClosed || demand.repaired || !maySendAgain(failure, resend)) return false;
  // A refused generation is held back while another one is on its way: whoever comes meanwhile waits for that.
  const isOnItsWay = failure.code === "UNAUTHORIZED" && entry.carried.renewal.isUnderWay;
  if (failure.recover === "reauthorize" || isOnItsWay) return reauthorize(lender, demand, loan, failure);
  demand.repaired = failure.recover === "reconnect" || lostAnswer(failure);
  // What was resolved for a connection that was revoked meanwhile may not be used for another.
  return demand.repaired;
}

/** Where only the answer was lost, as with a socket beneath a session, the connection itself needs no repair. */
function lostAnswer({ code, delivery }: TenantryError): boolean {
  return delivery === "unknown" && (code === "DELIVERY_UNKNOWN" || code === "CONNECTION_LOST");
}

function maySendAgain({ delivery }: TenantryError, resend: RunOptions["resend"]): boolean {
  switch (delivery) {
    case "unsent":
    case "refused":
      return true;
    case "unknown":
      return resend === "safe";
    case "answered":
      return false;
  }
}
