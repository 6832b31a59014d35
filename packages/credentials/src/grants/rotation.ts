import { TenantryError, withDeadline } from "@tenantry/core";
import { despiteConflicts, isConflict } from "../conflicts.ts";
import { isOverAtIssuer, isUnused, mustAuthorize } from "./failure.ts";
import { isLive, type Grant, type Refreshed } from "./grant.ts";
import type { GrantRow, Intent } from "./grant-rows.ts";
import type { HeldLease } from "./held-lease.ts";
import type { Outcome, Outcomes } from "./outcomes.ts";
import type { Found, RefresherParts, RefreshRequest } from "./refresher.ts";

/** What one refresh under one lease takes. */
export interface RotationParts extends RefresherParts, RefreshRequest {
  readonly lease: HeldLease;
  readonly outcomes: Outcomes;
  /** Ends it as long as nothing is written. */
  readonly signal: AbortSignal;
}

/** A row whose refresh has been begun. */
interface Begun extends GrantRow {
  readonly intent: Intent;
}

/** One refresh under one lease: it writes that it will send the token, sends it, and writes what came of it. */
export class Rotation {
  readonly #parts: RotationParts;

  constructor(parts: RotationParts) {
    this.#parts = parts;
  }

  /** Refreshes the grant of a row that was read under the lease; rejects with `STORE_CONFLICT` where it has changed since. */
  async run(row: GrantRow): Promise<Found> {
    const { key, clock } = this.#parts;
    const { grant, intent } = row;
    if (grant.refreshToken === undefined) throw mustAuthorize(key, "has ended");
    const outcome = intent && this.#parts.outcomes.get(key, intent);
    if (typeof outcome === "object") return this.#commit({ ...row, intent: intent as Intent }, outcome);
    const before = outcome === "unused" ? undefined : intent;
    // Whoever wrote it has lost the lease without an end: nobody knows whether the issuer has got the token.
    if (before && !inGrace(grant, before, clock.now()))
      throw mustAuthorize(key, "was being renewed when that was interrupted");
    const timeoutMs = await this.#prepare(grant);
    const begun = await this.#begin(row, before?.at ?? clock.now());
    try {
      await this.#keepLease(timeoutMs);
    } catch (failure) {
      return this.#giveUp(begun, failure);
    }
    let answer: Refreshed;
    try {
      answer = await this.#send(grant, timeoutMs);
    } catch (failure) {
      return this.#end(begun, failure);
    }
    // What is written next needs no lease, but who gets it meanwhile would take the refresh for one that was interrupted.
    void this.#parts.lease.keep().catch(() => {});
    return this.#commit(begun, renewed(grant, answer, clock.now()));
  }

  /** Gives how much of the time for the whole is left for the request, in milliseconds: half of it at least. */
  async #prepare(grant: Grant): Promise<number> {
    const { clock, limits, send, signal } = this.#parts;
    const wholeMs = limits.refreshTimeoutMs;
    if (send.prepare === undefined) return wholeMs;
    const timeoutMs = Math.ceil(wholeMs / 2);
    const why = `What a refresh takes has not been found out within ${timeoutMs} ms; try again.`;
    const expired = () => new TenantryError("TIMEOUT", why, { retryable: true });
    const beganAt = clock.now();
    const prepare = send.prepare.bind(send);
    await withDeadline({ clock, timeoutMs, expired, keepAlive: true, signal }, (ends) =>
      prepare(grant, ends),
    );
    // The clock may have been put forward or back meanwhile.
    return Math.min(Math.max(wholeMs - (clock.now() - beganAt), wholeMs - timeoutMs), wholeMs);
  }

  /** From here on the token may have been used, as far as anybody else knows. */
  async #begin({ grant, version }: GrantRow, at: number): Promise<Begun> {
    const { rows, key } = this.#parts;
    const { lease } = this.#parts.lease;
    const intent = { fence: lease.fence, at };
    try {
      return { grant, intent, version: await rows.write(key, grant, { intent, ifVersion: version, lease }) };
    } catch (failure) {
      // A store that fails may have written it all the same.
      if (!isConflict(failure)) this.#remember(intent, "unused");
      throw failure;
    }
  }

  /** Sealing and writing took a part of it. Under a lease that may end before the answer nothing is sent. */
  async #keepLease(timeoutMs: number): Promise<void> {
    const { lease } = this.#parts;
    await lease.keep();
    if (lease.lastsFor(timeoutMs)) return;
    const why = "The store has taken too long to keep a refresh for this process; try again.";
    throw new TenantryError("TIMEOUT", why, { retryable: true });
  }

  /** Not ended by anybody's signal: what the issuer answers is lost otherwise, and the grant with it. */
  #send(grant: Grant, timeoutMs: number): Promise<Refreshed> {
    const { clock, send } = this.#parts;
    const why = `The issuer has not answered a refresh within ${timeoutMs} ms; try again.`;
    const expired = () => new TenantryError("TIMEOUT", why, { retryable: true, delivery: "unknown" });
    return withDeadline({ clock, timeoutMs, expired, keepAlive: true }, (signal) => send(grant, signal));
  }

  async #end(begun: Begun, failure: unknown): Promise<Found> {
    const { key, clock } = this.#parts;
    if (isOverAtIssuer(failure)) return this.#retire(begun, failure);
    if (isUnused(failure)) return this.#giveUp(begun, failure);
    if (inGrace(begun.grant, begun.intent, clock.now())) throw failure;
    throw mustAuthorize(key, "could not be renewed, and its refresh token may have been used", failure);
  }

  /** The token was not used. Where that cannot be written, this process at least knows. */
  async #giveUp(begun: Begun, failure: unknown): Promise<never> {
    this.#remember(begun.intent, "unused");
    await this.#writeOver(begun, begun.grant).catch(() => {});
    throw failure;
  }

  /** The issuer takes the token no longer. Somebody may have got another one meanwhile; that one is not touched. */
  async #retire({ grant, intent }: Begun, failure: unknown): Promise<Found> {
    const { rows, key } = this.#parts;
    const row = await rows.read(key, { urgent: true });
    if (row?.intent?.fence !== intent.fence) return this.#foundIn(row);
    // The access token may outlive it. Where this cannot be written, the intent keeps the token from being sent.
    const { refreshToken: _over, ...rest } = grant;
    await this.#writeOver({ grant, intent, version: row.version }, rest).catch(() => {});
    throw failure;
  }

  /** Writes the new tokens over the row that says that they were asked for. */
  async #commit(begun: Begun, next: Grant): Promise<Found> {
    // Kept until it is written, so that a store that fails does not cost the grant.
    this.#remember(begun.intent, next);
    return this.#writeOver(begun, next);
  }

  /**
   * Writes what came of a refresh over its intent. It needs no lease: the row has that intent as long as nobody else has
   * written a grant, and only a re-encryption gives it another version meanwhile.
   */
  #writeOver(begun: Begun, next: Grant): Promise<Found> {
    const { rows, key, outcomes } = this.#parts;
    const { intent } = begun;
    return despiteConflicts(async (number) => {
      const row = number === 1 ? begun : await rows.read(key, { urgent: true });
      const isOurs = row?.intent?.fence === intent.fence;
      if (isOurs) await rows.write(key, next, { ifVersion: row.version, urgent: true });
      outcomes.forget(key, intent);
      if (isOurs) return { grant: next };
      this.#leave(begun.grant, next, row?.grant);
      return this.#foundIn(row);
    });
  }

  /** The grant was removed, or granted anew: what was just got is nobody's. */
  #leave(before: Grant, next: Grant, there: Grant | undefined): void {
    const isGot = next.generation !== before.generation;
    // Where somebody else has refreshed it, its tokens end with these at many issuers.
    if (isGot && there?.subject !== next.subject) this.#parts.surplus(next, there);
  }

  /** What somebody else has written; where its token has ended, another refresh of it is under way, and another look due. */
  #foundIn(row: GrantRow | undefined): Found {
    const { clock } = this.#parts;
    return row === undefined || isLive(row.grant, clock.now()) ? { grant: row?.grant } : undefined;
  }

  #remember(intent: Intent, outcome: Outcome): void {
    this.#parts.outcomes.remember(this.#parts.key, intent, outcome);
  }
}

/** Whether the issuer still takes a token that was first sent with this intent; a clock that was put back says no. */
function inGrace({ refreshGraceMs = 0, keepsRefreshToken }: Grant, { at }: Intent, now: number): boolean {
  return keepsRefreshToken === true || Math.abs(now - at) < refreshGraceMs;
}

function renewed(grant: Grant, answer: Refreshed, now: number): Grant {
  const { expiresAt: _ended, keepsRefreshToken: _before, ...facts } = grant;
  const { accessToken, expiresInMs, refreshToken, scopes } = answer;
  return Object.freeze({
    ...facts,
    generation: globalThis.crypto.randomUUID(),
    accessToken,
    receivedAt: now,
    ...(refreshToken && { refreshToken }),
    ...((refreshToken === undefined || refreshToken.reveal() === grant.refreshToken?.reveal()) && {
      keepsRefreshToken: true,
    }),
    ...(scopes && { scopes: Object.freeze([...scopes]) }),
    ...(isDuration(expiresInMs) && { expiresAt: now + expiresInMs }),
  });
}

/** What is no duration counts as unsaid: the tokens beside it are good, and were paid for with the old one. */
function isDuration(ms: number | undefined): ms is number {
  return ms !== undefined && Number.isFinite(ms) && ms >= 0;
}
