import {
  RecentMap,
  TenantryError,
  type CredentialDependencies,
  type CredentialRequest,
  type Scope,
  type Sealer,
  type Secret,
  type ServerId,
  type ServerRef,
  type Store,
  type StoreChange,
} from "@tenantry/core";
import { spell, SpelledKey } from "./credential-key.ts";
import { Listeners } from "./listeners.ts";
import { madeOnce } from "./made-once.ts";
import { ValueCache } from "./value-cache.ts";
import { checkName, checkTtl, type BoundSource, type ValueEvent, type ValueSource } from "./value-source.ts";
import { openValue } from "./vault/stored-value.ts";
import { watchWeakly } from "./watch-weakly.ts";

/** Which value is read, and for how long it is kept. */
export interface StoredValueOptions {
  /** The slot that it was saved in; defaults to the one of the credential that it is for. */
  readonly slot?: string;
  /** How long a value is kept in memory where the store tells of no change, in milliseconds; defaults to 60,000. */
  readonly ttlMs?: number;
}

/**
 * Gives what {@link credentialVault} has saved: to a user's connection that user's value, to one that a workspace shares
 * the workspace's, and to one that everyone shares nothing. It is kept in memory until the store tells of a change; a
 * removal ends the connections that carry it. Binding it throws `CONFIG_INVALID` without a store or a sealer.
 */
export function fromStore(options: StoredValueOptions = {}): ValueSource {
  const { slot, ttlMs = 60_000 } = options;
  if (slot !== undefined) checkName(slot, "The slot of fromStore()");
  checkTtl(ttlMs, "fromStore()");
  const describe = (scope: Scope) => `a value to credentialVault().save()${scopeNote(scope)}`;
  return Object.freeze<ValueSource>({
    describe,
    read() {
      throw new TenantryError(
        "CONFIG_INVALID",
        "fromStore() is not bound to a store; give one to whatever binds it.",
      );
    },
    bind(dependencies, ofShape) {
      const values = new StoredValues(dependencies, slot ?? ofShape, ttlMs);
      return Object.freeze<BoundSource>({
        describe,
        read: (request) => values.read(request),
        watch: (listener) => values.listeners.add(listener),
      });
    },
  });
}

/** How many values that could not be looked at are remembered. */
const maxDoubts = 10_000;

/** The values of one slot that were read lately. */
class StoredValues {
  readonly listeners = new Listeners<ValueEvent>();
  readonly #store: Pick<Store, "credentials" | "watch">;
  readonly #sealer: Sealer;
  /** The keys that every call asks for. */
  readonly #keysAt: (server: ServerRef) => (scope: Scope) => SpelledKey | undefined;
  readonly #cache: ValueCache<SpelledKey>;
  /** Values that may be gone, and could not be looked at. */
  readonly #doubtful = new RecentMap<string, SpelledKey>(maxDoubts);
  #watching: Disposable | undefined;

  constructor({ store, sealer, clock }: CredentialDependencies, slot: string, ttlMs: number) {
    if (store === undefined || sealer === undefined) {
      const what = store === undefined ? "a store" : "a sealer, such as sealWithKeys()";
      throw new TenantryError(
        "CONFIG_INVALID",
        `fromStore() needs ${what}; give one, or take another source.`,
      );
    }
    this.#store = store;
    this.#sealer = sealer;
    this.#keysAt = madeOnce(({ id }: ServerRef) => madeOnce((scope: Scope) => keyOf(scope, id, slot)));
    this.#cache = new ValueCache(ttlMs, clock);
  }

  read(request: CredentialRequest): Secret | undefined | Promise<Secret | undefined> {
    const key = this.#keysAt(request.server)(request.scope);
    return key && this.#cache.read(key.spelled, key, request, () => this.#load(key));
  }

  /** Hears what the store tells. */
  hear(change: StoreChange): void {
    if (change.kind === "resync") void this.#check(this.#cache.forgetAll());
    else if (change.slice === "credentials") {
      const key = this.#cache.forget(spell(change.key));
      if (key !== undefined) void this.#check([key]);
    }
  }

  async #load(key: SpelledKey): Promise<Secret | undefined> {
    this.#watching ??= watchWeakly(this.#store, this);
    const row = await this.#store.credentials.get(key);
    // One that was read may be from before the change; one that is absent is gone.
    if (row === undefined) this.#settleDoubt(key, false);
    return row && (await openValue(this.#sealer, key, row.value)).value;
  }

  /** Tells of those that are gone, one after the other: a store that has just come back has enough to do. */
  async #check(keys: readonly SpelledKey[]): Promise<void> {
    for (const key of [...this.#doubtful.takeAll(), ...keys]) {
      if (this.listeners.size === 0) return;
      this.#doubtful.set(key.spelled, key);
      try {
        this.#settleDoubt(key, (await this.#store.credentials.get(key)) !== undefined);
      } catch {
        // Trouble of the store says nothing of the value; who reads it next, or the next change, settles it.
      }
    }
  }

  #settleDoubt(key: SpelledKey, isThere: boolean): void {
    if (this.#doubtful.take(key.spelled) === undefined || isThere) return;
    const { workspace, user, server } = key;
    const scope: Scope =
      user === undefined ? { share: "workspace", workspace } : { share: "user", workspace, user };
    void this.listeners.tell(Object.freeze({ scope: Object.freeze(scope), server }));
  }
}

/** A user's connection has the user's value; what a workspace shares, and what it is discovered with, the workspace's. */
function keyOf(scope: Scope, server: ServerId, slot: string): SpelledKey | undefined {
  switch (scope.share) {
    case "user":
      return new SpelledKey({ workspace: scope.workspace, user: scope.user, server, slot });
    case "workspace":
    case "discovery":
      return new SpelledKey({ workspace: scope.workspace, server, slot });
    case "everyone":
      return undefined;
  }
}

function scopeNote(scope: Scope): string {
  switch (scope.share) {
    case "user":
      return " for the asking user";
    case "workspace":
    case "discovery":
      return " for the workspace, without a user";
    case "everyone":
      return ` (a connection with share: "everyone" is in no workspace and has no saved value: use another source)`;
  }
}
