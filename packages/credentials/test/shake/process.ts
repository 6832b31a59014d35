import { TenantryError, type Clock, type CredentialKey, type Sealer, secret } from "@tenantry/core";
import type { FreshOptions, Grant, SendRefresh } from "../../src/grants.ts";
import type { Issuer } from "../issuer.ts";
import type { MemoryStore } from "../memory-store.ts";
import type { Trouble } from "./plan.ts";

/** What keeps grants fresh in one process: what is under test, or something simpler that has to fail. */
export interface Refreshing {
  put(key: CredentialKey, grant: Grant): Promise<unknown>;
  fresh(key: CredentialKey, options: FreshOptions): Grant | undefined | Promise<Grant | undefined>;
}

/** Starts it with what a process has. */
export type StartRefreshing = (parts: {
  readonly store: MemoryStore;
  readonly sealer: Sealer;
  readonly clock: Clock;
}) => Refreshing;

/** What all processes share. */
export interface Surroundings {
  readonly store: MemoryStore;
  readonly issuer: Issuer;
  readonly clock: Clock;
  /** Settles when it is this wait's turn to end. */
  readonly turn: (label: string) => Promise<void>;
  readonly trouble: Trouble[];
}

/** A process that stops for ever at its last wait: nothing that it has begun ends, and no timer of it runs. */
export class ShakenProcess {
  readonly refreshing: Refreshing;
  readonly #name: string;
  readonly #around: Surroundings;
  #left: number;
  #dead = false;

  constructor(start: StartRefreshing, name: string, around: Surroundings, life = Infinity) {
    this.#name = name;
    this.#around = around;
    this.#left = life;
    const { clock } = around;
    this.refreshing = start({
      store: this.#store(),
      sealer: ownedText,
      clock: {
        now: () => clock.now(),
        after: (ms, task, options) => clock.after(ms, () => void (this.#dead || task()), options),
      },
    });
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** One token request, whose answer may not arrive. */
  readonly send: SendRefresh = async (grant) => {
    const fate = this.#around.trouble.shift() ?? "none";
    if (fate === "unsent") throw new TenantryError("CONNECT_FAILED", "away", { retryable: true });
    const answer = await this.#step("request", async () => this.#around.issuer.refresh(grant));
    if (fate === "lost") throw new TenantryError("CONNECTION_LOST", "lost", { delivery: "unknown" });
    if (fate === "never") await forEver();
    return answer;
  };

  /** The store, whose every answer waits for its turn, before it happens and after. */
  #store(): MemoryStore {
    const { store } = this.#around;
    const { credentials, leases } = store;
    return {
      ...store,
      credentials: {
        version: (key) => this.#step("version", () => credentials.version(key)),
        scan: (options) => credentials.scan(options),
        list: (within, options) => credentials.list(within, options),
        clear: (within) => credentials.clear(within),
        get: (key) => this.#step("get", () => credentials.get(key)),
        put: (key, value, options) => this.#step("put", () => credentials.put(key, value, options)),
        delete: (key, options) => this.#step("delete", () => credentials.delete(key, options)),
      },
      leases: {
        acquire: (name, options) => this.#step("acquire", () => leases.acquire(name, options)),
        renew: (lease, options) => this.#step("renew", () => leases.renew(lease, options)),
        release: (lease) => this.#step("release", () => leases.release(lease)),
      },
      watch: (listener) => store.watch((change) => void (this.#dead || listener(change))),
    };
  }

  async #step<T>(what: string, work: () => Promise<T>): Promise<T> {
    await this.#wait(`${this.#name}: before ${what}`);
    try {
      return await work();
    } finally {
      await this.#wait(`${this.#name}: after ${what}`);
    }
  }

  async #wait(label: string): Promise<void> {
    if (this.#dead || --this.#left < 0) {
      this.#dead = true;
      await forEver();
    }
    await this.#around.turn(label);
    if (this.#dead) await forEver();
  }
}

function forEver(): Promise<never> {
  return new Promise(() => {});
}

/** Seals nothing, so that threads of a cipher do not decide about the order of things; it knows whose each text is. */
const ownedText: Sealer = {
  seal: async (value, owner) => JSON.stringify([owner, value.reveal()]),
  open: async (envelope, owner) => {
    const [sealedFor, text] = JSON.parse(envelope) as [string[], string];
    if (JSON.stringify(sealedFor) !== JSON.stringify(owner))
      throw new TenantryError("SEAL_BROKEN", "another's");
    return secret(text);
  },
  isStale: () => false,
};

/** The grant in a row that was sealed by {@link ownedText}. */
export function grantIn(value: unknown): {
  readonly subject: string;
  readonly accessToken: string;
  readonly refreshToken?: string;
} {
  const { sealed } = value as { readonly sealed: string };
  return JSON.parse((JSON.parse(sealed) as [unknown, string])[1]) as ReturnType<typeof grantIn>;
}
