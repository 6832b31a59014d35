import type { Poolable, RunOptions, TenantryError } from "@tenantry/core";
import type { Lender } from "./attempt.ts";
import type { Demand } from "./demand.ts";
import type { Entry } from "./entry.ts";
import { said } from "./failure.ts";
import type { Resolved } from "./resolver.ts";

/** A connection that a call failed on, and the credential that it carried then. */
export interface Used<C extends Poolable<P>, P> {
  readonly entry: Entry<C, P>;
  readonly carried: Resolved;
}

/** Repairs what made the call fail; `true` where it is to be made once more. */
export async function repair<C extends Poolable<P>, P>(
  lender: Lender<C, P>,
  demand: Demand,
  used: Used<C, P>,
  thrown: unknown,
  resend: RunOptions["resend"],
): Promise<boolean> {
  const failure = said(thrown, demand);
  if (failure === undefined) return false;
  const { entry } = used;
  // Whether or not this work may be sent again, the next one needs a connection that works.
  if (failure.recover === "reconnect") entry.retire();
  if (lender.holdings.isClosed || demand.repaired || !maySendAgain(failure, resend)) return false;
  // A refused generation is held back while another one is on its way: whoever comes meanwhile waits for that.
  const isOnItsWay = failure.code === "UNAUTHORIZED" && entry.carried.renewal.isUnderWay;
  if (failure.recover === "reauthorize" || isOnItsWay) {
    const { callers } = lender.holdings;
    if (callers.isFull(demand)) return false;
    return callers.wait(demand, reauthorize(lender, demand, used, failure));
  }
  demand.repaired = failure.recover === "reconnect" || lostAnswer(failure);
  return demand.repaired;
}

/**
 * Asks for another credential after the server refused the one that was carried; all whose request was refused with it
 * share one question. `true` where there is another one, which the demand then goes on with.
 */
export async function reauthorize<C extends Poolable<P>, P>(
  { resolver, holdings }: Lender<C, P>,
  demand: Demand,
  { entry, carried }: Used<C, P>,
  { challenge }: TenantryError,
): Promise<boolean> {
  if (demand.repaired || holdings.isClosed || demand.target.credentials === undefined) return false;
  demand.repaired = true;
  const { subject } = demand.resolved;
  const { generation } = carried;
  // A server may refuse a request that carried nothing; its challenge tells the provider what it wants.
  const rejected = { ...(generation !== undefined && { generation }), ...(challenge && { challenge }) };
  const ask = async (signal: AbortSignal | undefined) => resolver.resolve(demand, signal, rejected);
  const refused = { generation, order: carried.order };
  let { result, own } = await entry.carried.renewal.join(refused, ask, demand.signal);
  if (!own && demand.target.scope.share === "user" && result.subject !== subject) {
    // Another authority than the refused one may come from the context of the call that asked, and is that call's alone.
    result = await ask(demand.signal);
  }
  if (result.subject === subject && result.generation === generation) return false;
  demand.resolved = result;
  return true;
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
