import { TenantryError, withDetails, type CredentialKey } from "@tenantry/core";
import { isLive, type Grant } from "../grants/grant.ts";
import type { Put } from "../grants/grant-changes.ts";
import type { Grants } from "../grants/grants.ts";
import { unfinishable } from "./callback.ts";
import type { Flow } from "./flows.ts";
import { randomName } from "./grant-of.ts";
import { inTime } from "./in-time.ts";
import type { OAuthParts } from "./parts.ts";
import type { Retirement } from "./retirement.ts";
import type { TakenFlow } from "./taken-flow.ts";

/** What putting the grant of a flow came to. */
interface Placed {
  /** What is there now. */
  readonly there: Grant;
  /** Whether it was written just now, and nothing was there before: perhaps the person has disconnected. */
  readonly isNew: boolean;
}

/** What becomes of the grants that flows have come to, and of those in whose place they are. */
export class Settlement {
  readonly #parts: OAuthParts;
  readonly #grants: Grants;
  readonly #retirement: Retirement;
  /** The grants that a try has found in the store, as an earlier one has put them. */
  readonly #found = new WeakSet<Grant>();

  constructor(parts: OAuthParts, grants: Grants, retirement: Retirement) {
    this.#parts = parts;
    this.#grants = grants;
    this.#retirement = retirement;
  }

  /**
   * Keeps the grant of a flow and gives what the person has from then on: this one, or that of an authorization which was
   * begun later and is kept already. Rejects with `ARGUMENT_INVALID` where the flow was ended meanwhile. Where the error is
   * retryable nothing is lost, and the same grant can be kept later; with every other one it is nobody's, and revoked.
   */
  async keep(flow: Flow, grant: Grant, taken: TakenFlow): Promise<Grant> {
    try {
      const kept = await this.#place(flow, grant, taken);
      // It ends by itself where that fails: nobody else can finish it.
      await inTime(this.#parts, () => taken.end()).catch(() => {});
      return kept;
    } catch (failure) {
      if (canGoOn(failure)) throw failure;
      await this.letGo(flow, grant, taken);
      // The code has been used up.
      throw failure instanceof TenantryError ? withDetails(failure, { retryable: false }) : failure;
    }
  }

  /**
   * Removes a grant whose flow was ended, and revokes one that is not kept; rejects where the store does not say whether it
   * is.
   */
  async letGo(flow: Flow, grant: Grant, taken: TakenFlow): Promise<void> {
    const key = keyOf(flow);
    const there = await inTime(this.#parts, async () => {
      if (await taken.wasEnded(this.#parts.clock.now())) await this.#grants.remove(key, grant.subject);
      return this.#grants.stored(key);
    });
    if (there?.subject !== grant.subject) await this.#retirement.revoke(grant, there);
  }

  /**
   * Writes the grant before it looks whether the flow is still there: whoever disconnects or is erased takes away the flow
   * first, or both at once, so that what is written too late is seen to be nobody's.
   */
  async #place(flow: Flow, grant: Grant, taken: TakenFlow): Promise<Grant> {
    if (!(await this.#isOpen(taken))) throw unfinishable();
    const now = this.#parts.clock.now();
    // Each try has its own generation, so that it is known which of them the store has done.
    const tried = { ...grant, generation: randomName() };
    const stays = (there: Grant) => isLater(there, grant, now);
    const putting = this.#grants.put(keyOf(flow), tried, { stays });
    // Also where it is done when nobody waits for it any more.
    const done = putting.then((put) => this.#placed(put, grant, tried));
    const placed = await inTime(this.#parts, () => done).catch((failure: unknown) => {
      done.then((late) => this.#cameLate(late, flow, grant, taken)).catch(() => {});
      throw failure;
    });
    const { there } = placed;
    if (there.subject !== grant.subject) {
      await this.#retirement.revoke(grant, there);
      return there;
    }
    if (await this.#isOpen(taken)) return there;
    await this.#undo(placed, flow, grant);
    throw unfinishable();
  }

  #placed({ grant: there, replaced }: Put, grant: Grant, tried: Grant): Placed {
    if (replaced !== undefined) this.#retirement.add(replaced, grant);
    const isWritten = there.generation === tried.generation;
    if (!isWritten && there.subject === grant.subject) this.#found.add(grant);
    return { there, isNew: isWritten && replaced === undefined };
  }

  /**
   * The store has done what nobody waited for any more. That stays where the flow can still be finished, and where it was
   * finished with what a later try has found; who has finished it otherwise has disconnected since.
   */
  async #cameLate(placed: Placed, flow: Flow, grant: Grant, taken: TakenFlow): Promise<void> {
    if (this.#found.has(grant) || (await this.#isOpen(taken))) return;
    await this.#undo(placed, flow, grant);
    await this.letGo(flow, grant, taken);
  }

  /** Takes away what nobody had before its flow was over: nobody is told that there is a grant. */
  async #undo({ isNew }: Placed, flow: Flow, grant: Grant): Promise<void> {
    if (isNew) await inTime(this.#parts, () => this.#grants.remove(keyOf(flow), grant.subject));
  }

  #isOpen(taken: TakenFlow): Promise<boolean> {
    return inTime(this.#parts, () => taken.isOpen());
  }
}

/** Whether the same can be tried again with success. */
export function canGoOn(failure: unknown): boolean {
  return failure instanceof TenantryError && failure.retryable;
}

function keyOf({ principal: { workspace, user }, server, slot }: Flow): CredentialKey {
  return { workspace, user, server, slot };
}

/** Whether a grant stays in spite of another one: it is that one, or its authorization was begun later and is of use. */
function isLater(there: Grant, { subject, begunAt = 0 }: Grant, now: number): boolean {
  if (there.subject === subject) return true;
  const isOfUse = isLive(there, now) || there.refreshToken !== undefined;
  return isOfUse && (there.begunAt ?? 0) > begunAt;
}
