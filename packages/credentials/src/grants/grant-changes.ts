import { TenantryError, withDetails, type Clock, type CredentialKey, type Version } from "@tenantry/core";
import { despiteConflicts } from "../conflicts.ts";
import { spell } from "../credential-key.ts";
import { closed } from "./failure.ts";
import type { Grant } from "./grant.ts";
import type { GrantMemory } from "./grant-memory.ts";
import type { GrantRow, GrantRows } from "./grant-rows.ts";
import type { Refresher } from "./refresher.ts";

/** How a grant is put. */
export interface PutGrantOptions {
  /** Whether what is there stays, and what is put is not kept. Defaults to never. */
  readonly stays?: ((there: Grant) => boolean) | undefined;
}

/** A grant in whose place another one was put. */
export interface Replaced {
  readonly grant: Grant;
  /** Resolves when whoever listens says that nothing carries it any more. */
  readonly unused: Promise<void>;
}

/** What putting a grant came to. */
export interface Put {
  /** What is there now. */
  readonly grant: Grant;
  /** Another authorization's grant that was there, so that its tokens can be revoked. */
  readonly replaced?: Replaced;
}

/** A grant that was deleted. */
export interface Removed {
  /** Gives it with its newest tokens, so that they can be revoked; `undefined` where it cannot be read. */
  open(): Promise<Grant | undefined>;
}

/** What changing grants takes. */
export interface GrantChangesParts {
  readonly rows: GrantRows;
  readonly clock: Clock;
  readonly memory: GrantMemory;
  readonly refresher: Pick<Refresher, "unwritten">;
  /** Told of each change, by the spelled key. */
  readonly changed: (id: string) => void;
  /** Aborted when nothing is changed any more. */
  readonly signal: AbortSignal;
}

/** What people change: a grant is put and removed, whatever refreshes do to its row at the same time. */
export class GrantChanges {
  readonly #parts: GrantChangesParts;

  constructor(parts: GrantChangesParts) {
    this.#parts = parts;
  }

  async put(key: CredentialKey, grant: Grant, { stays }: PutGrantOptions): Promise<Put> {
    const { rows, clock, memory } = this.#parts;
    this.#checkOpen();
    const received = { receivedAt: clock.now(), ...grant };
    return this.#change(key, async () => {
      const row = await rows.look(key);
      const before = row && this.#newest(key, row);
      if (before !== undefined && stays?.(before) === true) return { grant: before };
      await this.#write(key, received, row?.version ?? null);
      if (before === undefined || before.subject === grant.subject) return { grant: received };
      const unused = memory.tell("replaced", key, before.subject);
      return { grant: received, replaced: { grant: before, unused } };
    });
  }

  async stored(key: CredentialKey): Promise<Grant | undefined> {
    return (await this.#parts.rows.look(key))?.grant;
  }

  /** Also when nothing is changed any more: the store may write only then what is nobody's. */
  async remove(key: CredentialKey, subject: string): Promise<Grant | undefined> {
    const { rows, memory } = this.#parts;
    return this.#change(key, async () => {
      const row = await rows.look(key);
      if (row?.grant?.subject !== subject) return undefined;
      await this.#delete(key, row.version);
      void memory.tell("ended", key, subject);
      return this.#newest(key, row);
    });
  }

  async take(key: CredentialKey): Promise<Removed | undefined> {
    this.#checkOpen();
    const { rows, memory, refresher } = this.#parts;
    const known = memory.get(spell(key))?.grant;
    const tell = (gone: Grant) => void memory.tell("ended", key, gone.subject);
    const row = await this.#change(key, async () => {
      const there = await rows.closed(key);
      if (there !== undefined) await this.#delete(key, there.version);
      return there;
    });
    if (known !== undefined) tell(known);
    if (row === undefined) return undefined;
    const unwritten = row.intent && refresher.unwritten(key, row.intent);
    return {
      open: async () => {
        const grant = unwritten ?? (await row.open());
        if (grant !== undefined && grant.subject !== known?.subject) tell(grant);
        return grant;
      },
    };
  }

  #checkOpen(): void {
    if (this.#parts.signal.aborted) throw closed();
  }

  /** Reads and changes a row, whoever else does so at the same time. */
  async #change<T>(key: CredentialKey, change: () => Promise<T>): Promise<T> {
    const { memory, changed } = this.#parts;
    return despiteConflicts(async () => {
      try {
        return await change();
      } finally {
        memory.forget(spell(key));
        changed(spell(key));
      }
    });
  }

  /** A store that does not know what became of a write is asked what it holds. */
  async #write(key: CredentialKey, grant: Grant, ifVersion: Version | null): Promise<void> {
    const { rows } = this.#parts;
    try {
      await rows.write(key, grant, { ifVersion });
    } catch (failure) {
      if (!(failure instanceof TenantryError && failure.delivery === "unknown")) throw failure;
      const isThere = await rows.look(key).then(
        (row) => row?.grant?.generation === grant.generation,
        () => undefined,
      );
      if (isThere === undefined) throw failure;
      if (!isThere) throw withDetails(failure, { delivery: "unsent" });
    }
  }

  async #delete(key: CredentialKey, version: Version): Promise<void> {
    const { rows } = this.#parts;
    try {
      await rows.delete(key, version);
    } catch (failure) {
      const mayBeGone = failure instanceof TenantryError && failure.delivery === "unknown";
      const row = mayBeGone ? await rows.closed(key).catch(() => ({ version })) : { version };
      if (row?.version === version) throw failure;
    }
  }

  /** What a row holds, or what this process has got in its place and could not write. */
  #newest(key: CredentialKey, { grant, intent }: Partial<GrantRow>): Grant | undefined {
    return (intent && this.#parts.refresher.unwritten(key, intent)) ?? grant;
  }
}
