import type {
  Connector,
  Context,
  CredentialProvider,
  Endpoint,
  Origin,
  Poolable,
  Target,
} from "@tenantry/core";
import { createPool, type Pool } from "@tenantry/pool";
import { contextOf, targetsOf } from "./target.ts";

/** Users who have a connection each, and a pool that keeps it for them in memory. */
export class Borrower {
  readonly #pool: Pool<FakeConnection>;
  readonly #targets: readonly Target[];
  readonly #options: readonly { readonly context: Context }[];
  /** Whose turn it is, drawn beforehand. */
  readonly #order: Uint32Array;
  #turn = 0;

  constructor(credentials: CredentialProvider | undefined, users: number) {
    const limits = { maxConnections: 2 * users, idleTimeoutMs: 3_600_000 };
    this.#pool = createPool<FakeConnection, never>({ connector, limits });
    const targetOf = targetsOf({ endpoint, origin: "https://bench.example" as Origin, credentials });
    this.#targets = Array.from({ length: users }, (_, at) => targetOf(`user-${at}`));
    this.#options = Array.from({ length: users }, (_, at) => ({ context: contextOf(`token-of-user-${at}`) }));
    this.#order = Uint32Array.from({ length: 1_000_000 }, () => Math.floor(Math.random() * users));
  }

  /** Opens a connection for every user. */
  async open(): Promise<void> {
    for (const at of this.#targets.keys()) (await this.#acquire(at)).release();
  }

  /** Acquires and releases so many times, each time for whoever's turn it is. */
  async borrow(times: number): Promise<void> {
    for (let time = 0; time < times; time++) {
      this.#turn = (this.#turn + 1) % this.#order.length;
      (await this.#acquire(this.#order[this.#turn] ?? 0)).release();
    }
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  #acquire(at: number) {
    return this.#pool.acquire(this.#targets[at] as Target, this.#options[at] as { context: Context });
  }
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

const connector: Connector<FakeConnection, never> = { open: async () => new FakeConnection() };

/** The pool hands an endpoint on unread. */
const endpoint: Endpoint = {
  kind: "pipe",
  open: () => Promise.reject(new Error("Nothing is behind this endpoint.")),
};
