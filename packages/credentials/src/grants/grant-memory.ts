import type { Clock, CredentialKey, StoreChange } from "@tenantry/core";
import { plainKey, spell } from "../credential-key.ts";
import { Listeners } from "../listeners.ts";
import { RecentMap } from "../recent-map.ts";
import { watchWeakly } from "../watch-weakly.ts";
import type { Bells } from "./bells.ts";
import type { Grant, GrantEvent } from "./grant.ts";
import type { GrantRows, GrantStore } from "./grant-rows.ts";
import type { GrantLimits } from "./limits.ts";

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
  readonly #reads = new Map<string, Promise<Grant | undefined>>();
  readonly listeners = new Listeners<GrantEvent>();
  #watching: Disposable | undefined;

  constructor(parts: MemoryParts) {
    this.#parts = parts;
    this.#known = new RecentMap(parts.limits.maxGrants);
  }

  /** What is known of a grant, by its spelled key, unless that is too old. */
  get(id: string): Known | undefined {
    const known = this.#known.get(id);
    if (known === undefined) return undefined;
    const now = this.#parts.clock.now();
    return now >= known.from && now < known.until ? known : undefined;
  }

  /** Reads a grant, once for all who ask meanwhile, and remembers it. */
  read(key: CredentialKey, id: string): Promise<Grant | undefined> {
    const running = this.#reads.get(id);
    if (running !== undefined) return running;
    this.#watching ??= watchWeakly(this.#parts.store, this);
    const read: Promise<Grant | undefined> = this.#read(key, id, () => this.#reads.get(id) === read).finally(
      () => {
        if (this.#reads.get(id) === read) this.#reads.delete(id);
      },
    );
    this.#reads.set(id, read);
    return read;
  }

  /** Forgets a grant, so that the next one who asks reads it. */
  forget(id: string): Known | undefined {
    // What is being read now may be from before.
    this.#reads.delete(id);
    return this.#known.take(id);
  }

  /** Tells of a grant that is gone. */
  tellEnded(key: CredentialKey, subject: string): void {
    this.listeners.tell(Object.freeze({ kind: "ended", key: plainKey(key), subject }));
  }

  /** Hears what the store tells. */
  hear(change: StoreChange): void {
    if (change.kind === "resync") {
      this.#parts.bells.ringAll();
      this.#reads.clear();
      void this.#checkAll(this.#known.takeAll());
    } else if (change.slice === "credentials") {
      const id = spell(change.key);
      this.#parts.bells.ring(id);
      const known = this.forget(id);
      if (known !== undefined) void this.#checkAll([known]);
    }
  }

  /** Forgets everything and hears nothing more. */
  close(): void {
    this.#watching?.[Symbol.dispose]();
    this.listeners.clear();
    this.#reads.clear();
    this.#known.takeAll();
  }

  async #read(key: CredentialKey, id: string, isCurrent: () => boolean): Promise<Grant | undefined> {
    const { rows, clock, limits, random } = this.#parts;
    const grant = (await rows.read(key))?.grant;
    if (grant === undefined || !isCurrent()) return grant;
    const now = clock.now();
    const dueAt = dueAtOf(grant, limits.aheadMs, 0.5 + random() / 2);
    this.#known.set(id, { key: plainKey(key), grant, from: now, until: now + limits.memoryMs, dueAt });
    return grant;
  }

  /** One after the other: a store that has just come back has enough to do. */
  async #checkAll(all: readonly Known[]): Promise<void> {
    for (const { key, grant } of all) {
      if (this.listeners.size === 0) return;
      // A grant that cannot be read counts as gone: a connection that is closed needlessly is opened again.
      const subject = await this.read(key, spell(key)).then(
        (now) => now?.subject,
        () => undefined,
      );
      if (subject !== grant.subject) this.tellEnded(key, grant.subject);
    }
  }
}

/** Not all processes at once, and not all grants that were given at once: `share` is drawn. */
function dueAtOf({ expiresAt, receivedAt = 0, refreshToken }: Grant, aheadMs: number, share: number): number {
  if (expiresAt === undefined || refreshToken === undefined) return Infinity;
  return expiresAt - Math.min(aheadMs, (expiresAt - receivedAt) / 5) * share;
}
