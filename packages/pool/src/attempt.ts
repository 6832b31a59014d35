import { TenantryError, type Poolable, type RunOptions } from "@tenantry/core";
import type { Permits } from "./caps/permits.ts";
import type { Demand } from "./demand.ts";
import type { EntryHost } from "./entry-host.ts";
import type { Entry } from "./entry.ts";
import { principalKey } from "./pool-key.ts";
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
  readonly holdings: Pick<EntryHost<C, P>, "calls" | "limits" | "isClosed">;
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
  demand: Demand,
  work: Work<C, T>,
  resend: RunOptions["resend"],
): Promise<T> {
  const { calls } = lender.holdings;
  for (;;) {
    const lent = lender.borrow(demand);
    const loan = lent instanceof Promise ? await lent : lent;
    const { entry } = loan;
    try {
      // It may have ended since it was lent, and again while this call waited for its turn.
      if (!entry.isOpen) continue;
      if (!calls.enter(entry.standing.lane)) {
        if (!(await waitForTurn(lender.holdings, demand, entry))) continue;
        if (!entry.isOpen) {
          calls.leave(entry.standing.lane);
          continue;
        }
      }
      return await callOnce(calls, demand, loan, work);
    } catch (failure) {
      if (!(await repair(lender, demand, loan, failure, resend))) throw failure;
    } finally {
      entry.release();
    }
  }
}

/** Works unless calls are held back, and gives back the permit for that. */
async function callOnce<C extends Poolable<P>, P, T>(
  calls: Permits,
  demand: Demand,
  loan: Loan<C, P>,
  work: Work<C, T>,
): Promise<T> {
  const { standing, carried } = loan.entry;
  const { lane, trouble } = standing;
  loan.carried = carried.resolved;
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

/** Waits for a permit; `false` where the connection ends before. Those who share a connection come in turns too. */
async function waitForTurn<C extends Poolable<P>, P>(
  { calls, limits }: Lender<C, P>["holdings"],
  { signal, principal }: Demand,
  entry: Entry<C, P>,
): Promise<boolean> {
  const { id, target } = entry;
  const isShared = target.scope.share !== "user" && principal !== undefined;
  const turn = isShared ? principalKey({ share: "user", ...principal }) : undefined;
  const lane = calls.lane(target, id, turn);
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
    calls.drop(lane);
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
