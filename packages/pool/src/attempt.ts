import { TenantryError, type Poolable, type RunOptions } from "@tenantry/core";
import type { Demand, Resolver } from "./demand.ts";
import type { Entry } from "./entry.ts";

/** A connection on loan to one attempt. */
export interface Loan<C extends Poolable<P>, P> {
  readonly entry: Entry<C, P>;
  readonly connection: C;
  /** The generation of the credential that the connection carried when it was lent. */
  readonly generation: string | undefined;
  /** When that credential was last resolved, as {@link Resolved} counts. */
  readonly order: number;
}

/** Lends to one attempt. */
export interface Lender<C extends Poolable<P>, P> {
  readonly resolver: Resolver;
  readonly closed: boolean;
  borrow(demand: Demand): Promise<Loan<C, P>>;
}

/**
 * Runs `work` with a connection. Where the work fails with an error that names its repair, or that needs none because
 * only the answer was lost, and what it sent may be sent again, the work is run once more, whatever then becomes of it.
 */
export async function runAttempts<C extends Poolable<P>, P, T>(
  lender: Lender<C, P>,
  demand: Demand,
  work: (connection: C, attempt: number) => Promise<T>,
  resend: RunOptions["resend"],
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const loan = await lender.borrow(demand);
    try {
      return await work(loan.connection, attempt);
    } catch (failure) {
      if (!(await repair(lender, demand, loan, failure, resend))) throw failure;
    } finally {
      loan.entry.release();
    }
  }
}

/**
 * Asks for another credential after the server refused the one of `generation`; all whose request was refused with it
 * share one question. `true` where there is another one, which the demand then goes on with.
 */
export async function reauthorize<C extends Poolable<P>, P>(
  { resolver, closed }: Lender<C, P>,
  demand: Demand,
  { entry, generation, order }: Omit<Loan<C, P>, "connection">,
  { challenge }: TenantryError,
): Promise<boolean> {
  if (demand.repaired || closed || demand.target.credentials === undefined) return false;
  demand.repaired = true;
  const subject = demand.resolved.credential?.subject;
  // A server may refuse a request that carried nothing; its challenge tells the provider what it wants.
  const rejected = { ...(generation !== undefined && { generation }), ...(challenge && { challenge }) };
  const ask = (signal: AbortSignal | undefined) => resolver.resolve(demand, signal, rejected);
  let { result, own } = await entry.renewal.join({ generation, order }, ask, demand.signal);
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
  // Whether or not this work may be sent again, the next one needs a connection that works.
  if (failure.recover === "reconnect") loan.entry.retire();
  if (lender.closed || demand.repaired || !maySendAgain(failure, resend)) return false;
  if (failure.recover === "reauthorize") return reauthorize(lender, demand, loan, failure);
  demand.repaired = failure.recover === "reconnect" || lostAnswer(failure);
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
