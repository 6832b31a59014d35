import { RecentMap, raceAbort, type Clock, type CredentialKey, type Sealer } from "@tenantry/core";
import { plainKey, spell } from "../credential-key.ts";
import type { Listener } from "../listeners.ts";
import { Bells } from "./bells.ts";
import { closed } from "./failure.ts";
import { isLive, type FreshOptions, type Grant, type GrantEvent } from "./grant.ts";
import { GrantChanges, type Put, type PutGrantOptions, type Removed } from "./grant-changes.ts";
import { GrantMemory, type Known } from "./grant-memory.ts";
import { GrantRows, type GrantStore } from "./grant-rows.ts";
import { grantLimits, type GrantLimits } from "./limits.ts";
import { RefreshFlights } from "./refresh-flights.ts";
import { Refresher } from "./refresher.ts";

/** What grants are kept with. */
export interface GrantsOptions {
  readonly store: GrantStore;
  /** What they are sealed with in the store. */
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly limits?: Partial<GrantLimits> | undefined;
  /** Where chance comes from, as a number from 0 to less than 1; defaults to `Math.random`. */
  readonly random?: (() => number) | undefined;
  /**
   * Told of the tokens that a refresh has brought for a grant in whose place `there` is by now, or nothing: they are
   * nobody's, and to be revoked. Defaults to leaving them to end by themselves.
   */
  readonly surplus?: ((grant: Grant, there: Grant | undefined) => void) | undefined;
}

/**
 * The OAuth grants of principals: sealed in the store, known in memory, refreshed once however many calls and processes
 * want it. A refresh token that may have been used is not sent again, unless its issuer says for how long it may be.
 */
export class Grants implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #changes: GrantChanges;
  readonly #memory: GrantMemory;
  readonly #flights: RefreshFlights;
  /** Until when nothing is refreshed ahead again after it has failed. */
  readonly #postponed: RecentMap<string, number>;
  readonly #random: () => number;
  readonly #ending = new AbortController();
  #closing: Promise<void> | undefined;

  /** Reads and opens nothing yet; throws `CONFIG_INVALID` for limits that cannot be kept. */
  constructor({
    store,
    sealer,
    clock,
    limits: given,
    random = Math.random,
    surplus = () => {},
  }: GrantsOptions) {
    const limits = grantLimits(given);
    const rows = new GrantRows(store.credentials, sealer);
    const parts = { store, leases: store.leases, rows, clock, limits, random, surplus, bells: new Bells() };
    this.#clock = clock;
    this.#memory = new GrantMemory(parts);
    const refresher = new Refresher(parts);
    const { signal } = this.#ending;
    this.#flights = new RefreshFlights({ refresher, memory: this.#memory, clock, limits, signal });
    this.#postponed = new RecentMap(limits.maxGrants);
    this.#changes = new GrantChanges({
      rows,
      clock,
      memory: this.#memory,
      refresher,
      changed: (id) => {
        this.#postponed.take(id);
        this.#flights.outdate(id);
      },
      signal,
    });
    this.#random = random;
  }

  /**
   * The grant as it is known, its access token perhaps ended, at once where it is in memory; `undefined` where there is
   * none. Rejects as the store and the sealer do, and with `STORE_INVALID` where the slot holds something else.
   */
  current(key: CredentialKey): Grant | undefined | Promise<Grant | undefined> {
    const id = spell(key);
    const known = this.#memory.get(id);
    if (known !== undefined) return known.grant;
    if (this.#ending.signal.aborted) return Promise.reject(closed());
    return this.#memory.read(plainKey(key), id);
  }

  /**
   * The grant with an access token that lives and is not the `rejected` one, refreshed where it has to be; `undefined`
   * where there is none. It is given at once where it is in memory, and refreshed beside that when its end is near.
   *
   * Rejects with `AUTHORIZATION_REQUIRED` where only the person can help, with `TIMEOUT` where another process takes too
   * long, as `send` does where the refresh token was not used, and as the store and the sealer do. A caller's abort ends
   * its own wait; the last one's ends the refresh, unless the token has been sent.
   */
  fresh(key: CredentialKey, options: FreshOptions): Grant | undefined | Promise<Grant | undefined> {
    const id = spell(key);
    const now = this.#clock.now();
    const known = this.#memory.get(id, now);
    if (known === undefined || !this.#suits(known.grant, options, now))
      return this.#wait(plainKey(key), id, options);
    if (known.dueAt <= now) this.#refreshAhead(id, known, options);
    return known.grant;
  }

  /**
   * Keeps what the person has just granted, in place of whatever there was, unless that `stays`. Where the store fails and
   * may have written it all the same, it is read again: a rejection whose `delivery` is not `unknown` says that it was not.
   */
  put(key: CredentialKey, grant: Grant, options: PutGrantOptions = {}): Promise<Put> {
    return this.#changes.put(plainKey(key), grant, options);
  }

  /** The grant that the store has now, whatever is in memory; `undefined` where there is none that can be read. */
  stored(key: CredentialKey): Promise<Grant | undefined> {
    return this.#changes.stored(plainKey(key));
  }

  /**
   * Deletes a grant, of this subject where one is named, and gives it, so that its tokens can be revoked; one that cannot
   * be read is deleted where nobody is named.
   */
  async remove(key: CredentialKey, subject?: string): Promise<Grant | undefined> {
    if (subject !== undefined) return this.#changes.remove(plainKey(key), subject);
    return (await this.take(key))?.open();
  }

  /**
   * Deletes a grant before it is opened, which may take long or fail; `undefined` where there was none. Whoever listens is
   * told of one that is known at once, and of any other when it is opened.
   */
  take(key: CredentialKey): Promise<Removed | undefined> {
    return this.#changes.take(plainKey(key));
  }

  /** Tells of grants that are gone, of those that this process has used lately; perhaps more than once. */
  watch(listener: Listener<GrantEvent>): Disposable {
    return this.#memory.listeners.add(listener);
  }

  /** Waits for what is being refreshed, so that no answer of an issuer is lost; calls reject with `CLOSED` from then on. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #suits(grant: Grant, { rejected, fits }: FreshOptions, now = this.#clock.now()): boolean {
    if (grant.generation !== rejected && isLive(grant, now)) return true;
    // One that is for another server is refreshed there, and is given as it is.
    return fits !== undefined && !fits(grant);
  }

  async #wait(key: CredentialKey, id: string, options: FreshOptions): Promise<Grant | undefined> {
    const { rejected, send, fits, signal } = options;
    signal?.throwIfAborted();
    // Whoever waits for a refresh need not read what it replaces.
    if (this.#flights.joinable(id)?.ahead !== false) {
      const grant = await raceAbort(Promise.resolve(this.current(key)), signal);
      if (grant === undefined || this.#suits(grant, options)) return grant;
    }
    const running = this.#flights.joinable(id);
    if (running !== undefined) {
      const joined = running.shared.join({ signal });
      // A failure ahead of the end is nobody's; it may have left the work to another process.
      const grant = await (running.ahead ? joined.catch(() => signal?.throwIfAborted()) : joined);
      if (running.ahead ? grant && this.#suits(grant, options) : grant?.generation !== rejected)
        return grant ?? undefined;
    }
    const flight =
      this.#flights.joinable(id) ??
      this.#flights.depart(id, { key, send, fits, replaces: rejected, patient: true });
    return flight.shared.join({ signal });
  }

  #refreshAhead(id: string, { key, grant }: Known, { send, fits }: FreshOptions): void {
    const now = this.#clock.now();
    if (fits !== undefined && !fits(grant)) return;
    if (this.#flights.has(id) || now < (this.#postponed.get(id) ?? 0) || this.#ending.signal.aborted) return;
    const flight = this.#flights.depart(id, { key, send, fits, replaces: grant.generation, patient: false });
    const postpone = () => {
      // Nobody is hurt before the end; half of what is left is as good a time as any to try again.
      const leftMs = Math.max((grant.expiresAt ?? now) - this.#clock.now(), 2_000);
      this.#postponed.set(id, this.#clock.now() + (leftMs / 2) * (0.5 + this.#random() / 2));
    };
    flight.shared.join().then((next) => {
      // Another process is at it.
      if (next?.generation === grant.generation) postpone();
    }, postpone);
  }

  async #close(): Promise<void> {
    this.#ending.abort(closed());
    await this.#flights.settle();
    this.#memory.close();
  }
}
