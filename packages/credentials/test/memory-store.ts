import {
  TenantryError,
  type Clock,
  type CredentialKey,
  type CredentialStore,
  type Json,
  type Leases,
  type PageOptions,
  type PutOptions,
  type Row,
  type RowPage,
  type Slice,
  type StoreChange,
  type StoreLease,
  type Version,
} from "@tenantry/core";

/** A store in memory that is as exact as the contract, with a count of what it was asked. */
export interface MemoryStore extends CredentialStore {
  /** Calls of any method of a slice or of the leases. */
  readonly calls: () => number;
  /** Everything that it holds, as text. */
  readonly dump: () => string;
  /** Tells every watcher that something may have been missed. */
  readonly resync: () => void;
  readonly watchers: () => number;
  /** Does work of which no watcher is told, as another process does where the store cannot tell of it. */
  readonly quietly: <T>(work: () => Promise<T>) => Promise<T>;
  /** Makes the credential of this key one that cannot be read. */
  readonly damage: (key: CredentialKey) => void;
}

/** Makes an empty one whose rows and leases end by `clock`. */
export function memoryStore(clock: Clock): MemoryStore {
  const watchers = new Set<(change: StoreChange) => void>();
  const told = { calls: 0 };
  const voice = { isQuiet: false };
  const tell = (change: StoreChange) => {
    if (!voice.isQuiet) [...watchers].forEach((listener) => listener(change));
  };
  const versions = { last: 0 };
  const leases = memoryLeases(clock, told);
  const slice = <K extends object>(name: string) =>
    new MemorySlice<K>({
      clock,
      versions,
      told,
      holds: leases.holds,
      changed: (key) => tell({ kind: "changed", slice: name, key } as unknown as StoreChange),
    });
  const slices = { credentials: slice("credentials"), clients: slice("clients"), flows: slice("flows") };
  return {
    ...(slices as unknown as Pick<CredentialStore, "credentials" | "clients" | "flows">),
    leases,
    watch(listener) {
      const own = (change: StoreChange) => listener(change);
      watchers.add(own);
      return { [Symbol.dispose]: () => void watchers.delete(own) };
    },
    calls: () => told.calls,
    dump: () => JSON.stringify(Object.values(slices).map((each) => [...each.rows])),
    resync: () => tell({ kind: "resync" }),
    watchers: () => watchers.size,
    async quietly(work) {
      voice.isQuiet = true;
      return work().finally(() => (voice.isQuiet = false));
    },
    damage: (key) => void slices.credentials.damaged.add(spelled(key)),
  };
}

/** What a slice shares with its store. */
interface SliceParts<K> {
  readonly clock: Clock;
  readonly versions: { last: number };
  readonly told: { calls: number };
  readonly holds: (lease: StoreLease) => boolean;
  readonly changed: (key: K) => void;
}

class MemorySlice<K extends object> implements Slice<K> {
  readonly rows = new Map<string, { readonly key: K; readonly row: Row }>();

  readonly damaged = new Set<string>();
  readonly #parts: SliceParts<K>;

  constructor(parts: SliceParts<K>) {
    this.#parts = parts;
  }

  async get(key: K): Promise<Row | undefined> {
    this.#parts.told.calls++;
    if (this.damaged.has(spelled(key)))
      throw new TenantryError("STORE_INVALID", "The row holds no JSON; delete it.");
    return this.#find(key);
  }

  async version(key: K): Promise<Version | undefined> {
    this.#parts.told.calls++;
    return this.#find(key)?.version;
  }

  async put(key: K, value: Json, { ifVersion, expiresAt, lease }: PutOptions): Promise<Version> {
    this.#parts.told.calls++;
    const before = this.#find(key);
    if ((before?.version ?? null) !== ifVersion || (lease && !this.#parts.holds(lease))) throw conflict();
    const version = String(++this.#parts.versions.last);
    const row = { value: JSON.parse(JSON.stringify(value)) as Json, version };
    this.damaged.delete(spelled(key));
    this.rows.set(spelled(key), {
      key: structuredClone(key),
      row: expiresAt === undefined ? row : { ...row, expiresAt },
    });
    this.#parts.changed(key);
    return version;
  }

  async delete(key: K, { ifVersion }: { readonly ifVersion?: Version | undefined } = {}): Promise<void> {
    this.#parts.told.calls++;
    const before = this.#find(key);
    if (before === undefined) return;
    if (ifVersion !== undefined && ifVersion !== before.version) throw conflict();
    this.rows.delete(spelled(key));
    this.damaged.delete(spelled(key));
    this.#parts.changed(key);
  }

  async scan({ after = "", limit = 100 }: PageOptions = {}): Promise<RowPage<K>> {
    this.#parts.told.calls++;
    const names = [...this.rows.keys()].filter((name) => name > after).sort();
    const page = names.slice(0, limit);
    const found = page.flatMap((name) => {
      const { key, row } = this.rows.get(name) as { key: K; row: Row };
      return this.#find(key) === undefined ? [] : [{ key, ...row }];
    });
    const rows = found.filter(({ key }) => !this.damaged.has(spelled(key)));
    const broken = found.filter(({ key }) => this.damaged.has(spelled(key))).map(({ key }) => key);
    return {
      rows,
      ...(broken.length > 0 && { broken }),
      ...(names.length > page.length && { next: page.at(-1) as string }),
    };
  }

  async list(within: object): Promise<RowPage<K>> {
    this.#parts.told.calls++;
    const keys = [...this.rows.values()].map(({ key }) => key).filter((key) => isWithin(key, within));
    return {
      rows: keys.flatMap((key) => {
        const row = this.#find(key);
        return row === undefined ? [] : [{ key, ...row }];
      }),
    };
  }

  async clear(within: object): Promise<number> {
    this.#parts.told.calls++;
    const keys = [...this.rows.values()].map(({ key }) => key).filter((key) => isWithin(key, within));
    for (const key of keys) this.rows.delete(spelled(key));
    keys.forEach((key) => this.#parts.changed(key));
    return keys.length;
  }

  #find(key: K): Row | undefined {
    const row = this.rows.get(spelled(key))?.row;
    return row?.expiresAt !== undefined && row.expiresAt <= this.#parts.clock.now() ? undefined : row;
  }
}

function memoryLeases(clock: Clock, told: { calls: number }) {
  const held = new Map<string, StoreLease>();
  const fences = { last: 0 };
  const holds = ({ name, fence }: StoreLease) => {
    const now = held.get(name);
    return now !== undefined && now.fence === fence && clock.now() < now.expiresAt;
  };
  const leases: Leases = {
    async acquire(name, { ttlMs }) {
      told.calls++;
      const now = held.get(name);
      if (now !== undefined && holds(now)) return undefined;
      const lease = { name, fence: ++fences.last, expiresAt: clock.now() + ttlMs };
      held.set(name, lease);
      return lease;
    },
    async renew(lease, { ttlMs }) {
      told.calls++;
      if (!holds(lease)) throw conflict();
      const renewed = { ...lease, expiresAt: clock.now() + ttlMs };
      held.set(lease.name, renewed);
      return renewed;
    },
    async release(lease) {
      told.calls++;
      if (holds(lease)) held.delete(lease.name);
    },
  };
  return { ...leases, holds };
}

function isWithin(key: object, within: object): boolean {
  const parts = new Map<string, unknown>(Object.entries(key));
  return Object.entries(within).every(([name, value]) => parts.get(name) === value);
}

/** The parts of a key in one order, whoever wrote it. */
function spelled(key: object): string {
  const parts = Object.entries(key).filter(([, value]) => value !== undefined);
  return JSON.stringify(parts.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function conflict(): TenantryError {
  return new TenantryError("STORE_CONFLICT", "The row or the lease is another one by now; read it again.");
}
