import { raceAbort, type Clock, type CredentialKey, type Leases } from "@tenantry/core";
import { isConflict } from "../conflicts.ts";
import { spell } from "../credential-key.ts";
import type { Bells } from "./bells.ts";
import { mustAuthorize, waitedTooLong } from "./failure.ts";
import { isLive, type FreshOptions, type Grant, type SendRefresh } from "./grant.ts";
import type { GrantRow, GrantRows, Intent } from "./grant-rows.ts";
import { HeldLease } from "./held-lease.ts";
import { patienceMs, type GrantLimits } from "./limits.ts";
import { Outcomes } from "./outcomes.ts";
import { Rotation } from "./rotation.ts";

/** What refreshing takes. */
export interface RefresherParts {
  readonly rows: GrantRows;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly limits: Readonly<GrantLimits>;
  readonly random: () => number;
  /** Rung for a grant, by its spelled key, when its row has changed. */
  readonly bells: Bells;
  /** Told of tokens that came for a grant in whose place there is another one by now, or none. */
  readonly surplus: (grant: Grant, there: Grant | undefined) => void;
}

/** Which grant is refreshed, and when not. */
export interface RefreshRequest {
  readonly key: CredentialKey;
  readonly send: SendRefresh;
  /** Whether a grant may be refreshed for whoever asks; see {@link FreshOptions}. */
  readonly fits?: FreshOptions["fits"];
  /** The generation to be replaced although it may still live. */
  readonly replaces?: string | undefined;
  /** Whether to wait for another process that refreshes it, or to leave it to that one. */
  readonly patient: boolean;
}

/** What a look at the row under the lease came to; without one, somebody else was quicker and another look is due. */
export type Found = { readonly grant: Grant | undefined } | undefined;

const firstPauseMs = 25;
const longestPauseMs = 400;

/**
 * Refreshes a grant in one process at a time. Who gets the lease reads the row again, and sends the refresh token only if
 * nobody has before; the others wait for the row to change and take what it holds then.
 */
export class Refresher {
  readonly #parts: RefresherParts;
  /** What became of refreshes of this process whose end the store could not be told. */
  readonly #outcomes = new Outcomes();

  constructor(parts: RefresherParts) {
    this.#parts = parts;
  }

  /**
   * Gives the grant once it is live and of another generation than `replaces`; `undefined` where there is none. Rejects
   * with `AUTHORIZATION_REQUIRED` where only the person can help, and as `send` does where the token was not used. The
   * signal ends it until it is written that the token is sent, and no longer after.
   */
  async refresh(request: RefreshRequest, signal: AbortSignal): Promise<Grant | undefined> {
    const { rows, limits } = this.#parts;
    const { key, patient } = request;
    for (let waitedMs = 0, round = 0; ; round++) {
      const row = await raceAbort(rows.read(key), signal);
      if (row === undefined || this.#suits(row, request)) return row?.grant;
      if (row.grant.refreshToken === undefined) throw mustAuthorize(key, "has ended");
      const lease = await this.#acquire(leaseName(key), signal);
      const found = lease && (await this.#refreshUnder(lease, request, signal));
      if (found) return found.grant;
      if (!lease && !patient) return row.grant;
      if (waitedMs >= patienceMs(limits)) throw waitedTooLong(key);
      waitedMs += await this.#pause(key, round, signal);
    }
  }

  /** What this process has got of a grant and could not write, by the intent that is in its row. */
  unwritten(key: CredentialKey, intent: Intent): Grant | undefined {
    const outcome = this.#outcomes.get(key, intent);
    return typeof outcome === "object" ? outcome : undefined;
  }

  /** A lease that comes when nobody waits any more is given back. */
  async #acquire(name: string, signal: AbortSignal): Promise<HeldLease | undefined> {
    const acquiring = HeldLease.acquire(this.#parts, name);
    try {
      return await raceAbort(acquiring, signal);
    } catch (failure) {
      acquiring.then((lease) => lease?.release()).catch(() => {});
      throw failure;
    }
  }

  async #refreshUnder(lease: HeldLease, request: RefreshRequest, signal: AbortSignal): Promise<Found> {
    try {
      const row = await raceAbort(this.#parts.rows.read(request.key), signal);
      if (row === undefined || this.#suits(row, request)) return { grant: row?.grant };
      const rotation = new Rotation({ ...this.#parts, outcomes: this.#outcomes, lease, signal, ...request });
      return await rotation.run(row);
    } catch (failure) {
      if (isConflict(failure)) return undefined;
      throw failure;
    } finally {
      // Nobody waits for it: the next one who asks for the lease does.
      void lease.release();
    }
  }

  #suits({ grant }: GrantRow, { replaces, fits }: RefreshRequest): boolean {
    if (fits !== undefined && !fits(grant)) return true;
    return grant.generation !== replaces && isLive(grant, this.#parts.clock.now());
  }

  /** Waits for the row to change, for a random time that doubles; gives how long that was. */
  async #pause(key: CredentialKey, round: number, signal: AbortSignal): Promise<number> {
    const { bells, clock, random } = this.#parts;
    const ms = Math.min(firstPauseMs * 2 ** round, longestPauseMs) * (0.5 + random() / 2);
    const began = clock.now();
    await bells.wait(spell(key), ms, clock, signal);
    // The clock may have been put forward or back meanwhile.
    return Math.min(Math.max(clock.now() - began, 1), ms);
  }
}

function leaseName(key: CredentialKey): string {
  return `refresh:${spell(key)}`;
}
