import {
  RecentMap,
  fillLimits,
  quote,
  systemClock,
  TenantryError,
  withDeadline,
  type Clock,
  type Sealer,
} from "@tenantry/core";
import { toBase64url } from "./base64url.ts";
import { broken, keyIdPattern, labelOf, openWith, sealWith, type DataKey, type Label } from "./envelope.ts";

/** What a key service is told beside the key. */
export interface KeyServiceContext {
  /** The name of the service's key, as {@link KeyServiceOptions} had it when the key was wrapped. */
  readonly keyId: string;
  /** Aborts when the service has taken too long. */
  readonly signal: AbortSignal;
}

/** A service that keeps the keys which wrap other keys. What it throws counts as trouble that passes. */
export interface KeyService {
  /** Wraps a key of 32 bytes; gives at most 8,192 bytes, which are unwrapped once before the key is used. */
  wrap(key: Uint8Array, context: KeyServiceContext): Promise<Uint8Array>;
  /** Unwraps it again; `undefined` where the service refuses to for good. */
  unwrap(wrapped: Uint8Array, context: KeyServiceContext): Promise<Uint8Array | undefined>;
}

/** How long keys are used without asking the service. */
export interface KeyServiceLimits {
  /** Values that are sealed with one key. Defaults to 1,000. */
  readonly maxSeals: number;
  /** How long a key is kept, in milliseconds: the service's refusal takes effect after it. Defaults to 300,000. */
  readonly maxKeyAgeMs: number;
  /** Unwrapped keys that are kept. Defaults to 1,000. */
  readonly maxKeys: number;
  /** How long the service may take, in milliseconds. Defaults to 10,000. */
  readonly serviceTimeoutMs: number;
}

/** How a key service is used. */
export interface KeyServiceOptions {
  /** Names the service's key that wraps now; after a change of it older envelopes are stale. Defaults to `service`. */
  readonly keyId?: string;
  readonly limits?: Partial<KeyServiceLimits> | undefined;
  /** Defaults to the system's. */
  readonly clock?: Clock | undefined;
}

/** The defaults of {@link KeyServiceLimits}. */
const defaultLimits: KeyServiceLimits = Object.freeze({
  maxSeals: 1_000,
  maxKeyAgeMs: 300_000,
  maxKeys: 1_000,
  serviceTimeoutMs: 10_000,
});

/**
 * Seals with AES-256-GCM under random keys that an external service wraps; each envelope carries its wrapped key. A
 * service that fails or takes too long is `STORE_UNAVAILABLE` and worth another try, one that refuses is `SEAL_BROKEN`.
 * Throws `CONFIG_INVALID` for options that cannot be kept.
 */
export function sealWithKeyService(service: KeyService, options: KeyServiceOptions = {}): Sealer {
  const { keyId = "service", clock = systemClock } = options;
  if (!keyIdPattern.test(keyId)) {
    const why =
      "The keyId of sealWithKeyService() has at most 32 letters, digits, dots, dashes and underscores; give it another name.";
    throw new TenantryError("CONFIG_INVALID", why);
  }
  const keys = new ServiceKeys(service, keyId, clock, fillLimits(options.limits, defaultLimits));
  return Object.freeze<Sealer>({
    async seal(value, owner) {
      const { key, label } = await keys.forSealing();
      return sealWith(key, label, value, owner);
    },
    async open(envelope, owner) {
      return openWith(await keys.forOpening(labelOf(envelope)), envelope, owner);
    },
    isStale(envelope) {
      try {
        const label = labelOf(envelope);
        return label.lock !== "wrapped" || label.keyId !== keyId;
      } catch {
        return true;
      }
    },
  });
}

interface Kept<T> {
  readonly made: Promise<T>;
  readonly from: number;
  seals: number;
}

interface Wrapped {
  readonly key: DataKey;
  readonly label: Label;
}

/** The keys that the service has wrapped or unwrapped lately. */
class ServiceKeys {
  readonly #service: KeyService;
  readonly #keyId: string;
  readonly #clock: Clock;
  readonly #limits: Readonly<KeyServiceLimits>;
  readonly #unwrapped: RecentMap<string, Kept<DataKey>>;
  #sealing: Kept<Wrapped> | undefined;

  constructor(service: KeyService, keyId: string, clock: Clock, limits: Readonly<KeyServiceLimits>) {
    this.#service = service;
    this.#keyId = keyId;
    this.#clock = clock;
    this.#limits = limits;
    this.#unwrapped = new RecentMap(limits.maxKeys);
  }

  /** A key that few values have been sealed with, and not for long. */
  forSealing(): Promise<Wrapped> {
    let kept = this.#sealing;
    if (kept === undefined || !this.#isYoung(kept) || kept.seals >= this.#limits.maxSeals) {
      kept = this.#keep(this.#wrap(), (failed) => {
        if (this.#sealing === failed) this.#sealing = undefined;
      });
      this.#sealing = kept;
    }
    kept.seals++;
    return kept.made;
  }

  /** The key of an envelope; rejects with `SEAL_BROKEN` where the service does not give it. */
  forOpening({ lock, keyId, hint }: Label): Promise<DataKey> {
    if (lock !== "wrapped")
      return Promise.reject(broken("it was sealed without a key service; use sealWithKeys()"));
    const name = `${keyId}:${toBase64url(hint)}`;
    let kept = this.#unwrapped.get(name);
    if (kept === undefined || !this.#isYoung(kept)) {
      kept = this.#keep(this.#unwrap(keyId, hint), (failed) => {
        if (this.#unwrapped.get(name) === failed) this.#unwrapped.take(name);
      });
      this.#unwrapped.set(name, kept);
    }
    return kept.made;
  }

  #isYoung({ from }: Kept<unknown>): boolean {
    const age = this.#clock.now() - from;
    return age >= 0 && age < this.#limits.maxKeyAgeMs;
  }

  /** One question for all who ask meanwhile; one that fails is asked anew by the next. */
  #keep<T>(made: Promise<T>, forget: (kept: Kept<T>) => void): Kept<T> {
    const kept = { made, from: this.#clock.now(), seals: 0 };
    made.catch(() => forget(kept));
    return kept;
  }

  async #wrap(): Promise<Wrapped> {
    const raw = globalThis.crypto.getRandomValues(new Uint8Array(32));
    // The service gets a copy, which it may do with as it likes.
    const given: unknown = await this.#ask("wrap", this.#keyId, (context) =>
      this.#service.wrap(raw.slice(), context),
    );
    if (!(given instanceof Uint8Array) || given.length === 0 || given.length > 8_192) {
      const why = "The wrap() of the key service gave no key of 1 to 8,192 bytes; correct it.";
      throw new TenantryError("CONFIG_INVALID", why);
    }
    const hint = new Uint8Array(given);
    await this.#check(raw, hint);
    const key = await importKey(raw);
    raw.fill(0);
    return { key, label: { lock: "wrapped", keyId: this.#keyId, hint } };
  }

  /** What is sealed with a key that does not come back would be lost, and nobody would know before it is needed. */
  async #check(raw: Uint8Array, hint: Uint8Array): Promise<void> {
    const back = await this.#unwrapRaw(this.#keyId, hint);
    if (raw.every((byte, at) => byte === back[at])) return;
    const why = "The unwrap() of the key service gives another key than its wrap() was given; correct it.";
    throw new TenantryError("CONFIG_INVALID", why);
  }

  async #unwrap(keyId: string, hint: Uint8Array): Promise<DataKey> {
    return importKey(await this.#unwrapRaw(keyId, hint));
  }

  async #unwrapRaw(keyId: string, hint: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const given: unknown = await this.#ask("unwrap", keyId, (context) =>
      this.#service.unwrap(hint.slice(), context),
    );
    if (given === undefined) throw broken(`the key service refuses its key ${quote(keyId)}`);
    if (!(given instanceof Uint8Array) || given.length !== 32)
      throw broken("the key service gave another key for it");
    return new Uint8Array(given);
  }

  async #ask<T>(verb: string, keyId: string, ask: (context: KeyServiceContext) => Promise<T>): Promise<T> {
    const timeoutMs = this.#limits.serviceTimeoutMs;
    const expired = () => unavailable(`The key service has not answered ${verb}() within ${timeoutMs} ms`);
    const options = { clock: this.#clock, timeoutMs, expired, keepAlive: true };
    try {
      return await withDeadline(options, async (signal) => ask(Object.freeze({ keyId, signal })));
    } catch (cause) {
      if (cause instanceof TenantryError) throw cause;
      throw unavailable(`The ${verb}() of the key service failed; see the cause`, cause);
    }
  }
}

function unavailable(why: string, cause?: unknown): TenantryError {
  const details = { retryable: true, ...(cause !== undefined && { cause }) };
  return new TenantryError("STORE_UNAVAILABLE", `${why}. Try again.`, details);
}

function importKey(raw: Uint8Array<ArrayBuffer>): Promise<DataKey> {
  return globalThis.crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
}
