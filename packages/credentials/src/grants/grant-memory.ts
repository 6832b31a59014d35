import { RecentMap, withDeadline, type Clock, type CredentialKey, type StoreChange } from "@tenantry/core";
import { plainKey, spell } from "../credential-key.ts";
import { Listeners } from "../listeners.ts";
import { watchWeakly } from "../watch-weakly.ts";
import type { Bells } from "./bells.ts";
import { waitedTooLong } from "./failure.ts";
import type { Grant, GrantEvent } from "./grant.ts";
import type { GrantRows, GrantStore } from "./grant-rows.ts";
import { patienceMs, type GrantLimits } from "./limits.ts";

/** A grant as it was read. */
export interface Known {
  readonly key: CredentialKey;
  readonly grant: Grant;
  /** From when to when it is not read again, in milliseconds since the Unix epoch; it says nothing of the tokens' end. */
  readonly from: number;
  readonly until: number;
  /** When it is refreshed beside the calls that use it; `Infinity`: never. */
  readonly dueAt: number;
}

/** A grant as it is being read. */
interface Reading {
  readonly key: CredentialKey;
  readonly grant: Promise<Grant | undefined>;
}

/** A grant that was in use when its row changed. */
interface Doubt {
  readonly key: CredentialKey;
  readonly subject: string;
}

/** What remembering grants takes. */
export interface MemoryParts {
  readonly store: GrantStore;
  readonly rows: GrantRows;
  readonly clock: Clock;
  readonly limits: Readonly<GrantLimits>;
  readonly random: () => number;
  readonly bells: Bells;
}

/**
 * The grants that were read last. What the store says has changed is forgotten, also while it is being read, and whoever
 * listens is told of those that are gone.
 */
export class GrantMemory {
  readonly #parts: MemoryParts;
  readonly #known: RecentMap<string, Known>;
  readonly #reads = new Map<string, Reading>();
  /** The subjects of grants that may be gone, and could not be looked at. */
  readonly #doubtful: RecentMap<string, Doubt>;
  readonly listeners = new Listeners<GrantEvent>();
  #watching: Disposable | undefined;

  constructor(parts: MemoryParts) {
    this.#parts = parts;
    this.#known = new RecentMap(parts.limits.maxGrants);
    this.#doubtful = new RecentMap(parts.limits.maxGrants);
  }

  /** What is known of a grant, by its spelled key, unless that is too old. */
  get(id: string, now = this.#parts.clock.now()): Known | undefined {
    const known = this.#known.get(id);
    if (known === undefined) return undefined;
    return now >= known.from && now < known.until ? known : undefined;
  }

  /** Reads a grant, once for all who ask meanwhile, and remembers it. */
  read(key: CredentialKey, id: string): Promise<Grant | undefined> {
    const running = this.#reads.get(id);
    if (running !== undefined) return running.grant;
    this.#watching ??= watchWeakly(this.#parts.store, this);
    const isCurrent = () => this.#reads.get(id) === reading;
    const { clock, limits } = this.#parts;
    const options = {
      clock,
      timeoutMs: patienceMs(limits),
      expired: () => waitedTooLong(key),
      keepAlive: true,
    };
    const grant = withDeadline(options, () => this.#read(key, id, isCurrent)).finally(() => {
      if (isCurrent()) this.#reads.delete(id);
    });
    const reading: Reading = { key, grant };
    this.#reads.set(id, reading);
    return grant;
  }

  /** Forgets a grant, so that the next one who asks reads it. */
  forget(id: string): Known | undefined {
    // What is being read now may be from before.
    this.#reads.delete(id);
    return this.#known.take(id);
  }

  /** Tells of a grant that is gone, and resolves when whoever was told is done with it. */
  tell(kind: GrantEvent["kind"], key: CredentialKey, subject: string): Promise<void> {
    return this.listeners.tell(Object.freeze({ kind, key: plainKey(key), subject }));
  }

  /** Hears what the store tells. */
  hear(change: StoreChange): void {
    if (change.kind === "resync") {
      const all = [...this.#known.takeAll(), ...this.#reads.values()];
      this.#reads.clear();
      void this.#check(all);
      this.#parts.bells.ringAll();
    } else if (change.slice === "credentials") {
      const id = spell(change.key);
      const reading = this.#reads.get(id);
      const known = this.forget(id) ?? reading;
      if (known !== undefined) void this.#check([known]);
      this.#parts.bells.ring(id);
    }
  }

  /** Forgets everything and hears nothing more. */
  close(): void {
    this.#watching?.[Symbol.dispose]();
    this.listeners.clear();
    this.#reads.clear();
    this.#known.takeAll();
    this.#doubtful.takeAll();
  }

  async #read(key: CredentialKey, id: string, isCurrent: () => boolean): Promise<Grant | undefined> {
    const { rows, clock, limits, random } = this.#parts;
    const grant = (await rows.read(key))?.grant;
    if (!isCurrent()) return grant;
    this.#settleDoubt(id, grant);
    if (grant === undefined) return grant;
    const now = clock.now();
    const dueAt = dueAtOf(grant, limits.aheadMs, 0.5 + random() / 2);
    this.#known.set(id, { key: plainKey(key), grant, from: now, until: now + limits.memoryMs, dueAt });
    return grant;
  }

  /**
   * Looks whether grants that were in use, or are being read for somebody, are still there. One after the other: a store
   * that has just come back has enough to do.
   */
  async #check(all: readonly (Known | Reading)[]): Promise<void> {
    const doubts: Doubt[] = [...this.#doubtful.takeAll()];
    for (const { key, grant } of all) {
      const subject = await subjectOf(grant);
      if (subject !== undefined) doubts.push({ key, subject });
    }
    for (const doubt of doubts) {
      if (this.listeners.size === 0) return;
      const id = spell(doubt.key);
      this.#doubtful.set(id, doubt);
      // Trouble of the store or of the sealer says nothing of the grant; who reads it next, or the next change, settles it.
      await this.read(doubt.key, id).catch(() => {});
    }
  }

  #settleDoubt(id: string, grant: Grant | undefined): void {
    const doubt = this.#doubtful.take(id);
    // Not awaited: what follows from it may take as long as the calls that are under way.
    if (doubt !== undefined && doubt.subject !== grant?.subject)
      void this.tell(grant === undefined ? "ended" : "replaced", doubt.key, doubt.subject);
  }
}

/** Whose grant it is; `undefined` where there is none or it cannot be read. */
async function subjectOf(grant: Grant | Promise<Grant | undefined>): Promise<string | undefined> {
  return Promise.resolve(grant).then(
    (read) => read?.subject,
    () => undefined,
  );
}

/** Not all processes at once, and not all grants that were given at once: `share` is drawn. */
function dueAtOf({ expiresAt, receivedAt = 0, refreshToken }: Grant, aheadMs: number, share: number): number {
  if (expiresAt === undefined || refreshToken === undefined) return Infinity;
  return expiresAt - Math.min(aheadMs, (expiresAt - receivedAt) / 5) * share;
}
