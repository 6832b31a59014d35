import type { Clock } from "@tenantry/core";
import type { Withdrawn } from "@tenantry/credentials/oauth";
import type { Pool, Selection } from "@tenantry/pool";
import { storeInTime } from "./store-in-time.ts";

/** Whose access ends. */
export interface EndingAccess {
  readonly pool: Pick<Pool<never>, "revoke">;
  readonly clock: Clock;
  /** The connections that end with it. */
  readonly selection: Selection;
}

/**
 * Ends somebody's access, whatever stores do and without asking an issuer: closes the connections, takes what there is out
 * of the store, and closes what was opened with it meanwhile. Gives what was taken, of which issuers are told after that.
 * Rejects as `take` does, and with `TIMEOUT` where it has no end; then they are told when it has.
 */
export async function endAccess(
  { pool, clock, selection }: EndingAccess,
  take: () => Promise<Withdrawn>,
): Promise<Withdrawn> {
  const first = pool.revoke(selection);
  const close = () => Promise.all([first, pool.revoke(selection)]);
  const taking = take();
  let taken: Withdrawn | undefined;
  try {
    return (taken = await storeInTime(clock, () => taking));
  } finally {
    await close();
    if (taken === undefined) taking.then(async (late) => close().then(() => late.revoke())).catch(() => {});
  }
}

/**
 * Does what comes after something was taken. Where that fails, issuers are told all the same of what is gone from the store:
 * whoever tries again finds nothing of it there.
 */
export async function orRevoke<T>(taken: Withdrawn | undefined, next: () => Promise<T>): Promise<T> {
  try {
    return await next();
  } catch (failure) {
    taken?.revoke().catch(() => {});
    throw failure;
  }
}
