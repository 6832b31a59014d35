import {
  scopeParts,
  type Connector,
  type CredentialProvider,
  type Endpoint,
  type Origin,
  type Poolable,
  type Target,
} from "@tenantry/core";
import { createPool, type Pool } from "@tenantry/pool";
import { DrawnUsers } from "./drawn-users.ts";
import { targetsOf } from "./target.ts";

/** Keeps something for each of its users, and looks it up for whoever's turn it is. */
export interface Borrower {
  readonly users: DrawnUsers;
  open(): Promise<void>;
  borrow(times: number): Promise<void>;
  close(): Promise<void>;
}

/** A pool that keeps a connection in memory for each user. */
export class PoolBorrower implements Borrower {
  readonly users: DrawnUsers;
  readonly #pool: Pool<FakeConnection>;

  constructor(count: number, credentials: CredentialProvider | undefined) {
    const limits = { maxConnections: 2 * count, idleTimeoutMs: 3_600_000 };
    this.#pool = createPool<FakeConnection, never>({ connector, limits });
    this.users = new DrawnUsers(count, targetsOf({ endpoint, origin, credentials }));
  }

  async open(): Promise<void> {
    for (const { target, options } of this.users.all) (await this.#pool.acquire(target, options)).release();
  }

  async borrow(times: number): Promise<void> {
    for (let time = 0; time < times; time++) {
      const { target, options } = this.users.next();
      (await this.#pool.acquire(target, options)).release();
    }
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

/** A `Map` by a key such as the pool's: what the processor's caches make of many keys, whatever is built upon it. */
export class MapBorrower implements Borrower {
  readonly users: DrawnUsers;
  readonly #uses = new Map<string, { count: number }>();

  constructor(count: number) {
    this.users = new DrawnUsers(count, targetsOf({ endpoint, origin }));
  }

  async open(): Promise<void> {
    for (const { target } of this.users.all) this.#uses.set(keyOf(target), { count: 0 });
  }

  async borrow(times: number): Promise<void> {
    for (let time = 0; time < times; time++) {
      const uses = this.#uses.get(keyOf(this.users.next().target));
      if (uses !== undefined) uses.count++;
    }
  }

  async close(): Promise<void> {
    this.#uses.clear();
  }
}

function keyOf({ scope, server }: Target): string {
  return JSON.stringify([scopeParts(scope), server.id, server.digest]);
}

class FakeConnection implements Poolable<never> {
  readonly #closing = Promise.withResolvers<{ readonly kind: "closed" }>();
  readonly closed = this.#closing.promise;

  adopt(): boolean {
    return true;
  }

  park(): undefined {
    return undefined;
  }

  async close(): Promise<void> {
    this.#closing.resolve({ kind: "closed" });
  }
}

const origin = "https://bench.example" as Origin;
const connector: Connector<FakeConnection, never> = { open: async () => new FakeConnection() };

/** The pool hands an endpoint on unread. */
const endpoint: Endpoint = {
  kind: "pipe",
  open: () => Promise.reject(new Error("Nothing is behind this endpoint.")),
};
