import { TenantryError } from "@tenantry/core";

/** What handles are sealed with: the same in every process that serves the same clients. */
export interface HandleKeys {
  /** The name of the key that new handles are sealed with. */
  readonly current: string;
  /**
   * Every key that still opens something, of at least 32 random bytes each. A name has at most 32 letters, digits, dashes
   * and underscores, and stands in every handle.
   */
  readonly keys: Readonly<Record<string, Uint8Array>>;
}

/** The keys that handles are sealed and opened with, each derived once (HKDF with SHA-256, RFC 5869). */
export class KeyRing {
  readonly current: string;
  readonly #keys: ReadonlyMap<string, () => Promise<CryptoKey>>;

  /** Makes a key of its own where none is given: its handles are good in this process alone. */
  constructor({ current, keys }: HandleKeys = ownKeys()) {
    this.#keys = new Map(Object.entries(keys).map(([name, bytes]) => [checkName(name), derived(bytes)]));
    this.current = current;
    if (!this.#keys.has(current))
      throw new TenantryError("CONFIG_INVALID", "keys.current is not in keys.keys; name one of them.");
  }

  /** Gives a key by its name; `undefined` where there is none of it. */
  key(name: string): Promise<CryptoKey> | undefined {
    return this.#keys.get(name)?.();
  }
}

function ownKeys(): HandleKeys {
  return { current: "own", keys: { own: globalThis.crypto.getRandomValues(new Uint8Array(32)) } };
}

function checkName(name: string): string {
  if (/^[\w-]{1,32}$/u.test(name)) return name;
  throw new TenantryError("CONFIG_INVALID", "keys: a name has at most 32 letters, digits, - and _.");
}

function derived(bytes: unknown): () => Promise<CryptoKey> {
  if (!(bytes instanceof Uint8Array) || bytes.byteLength < 32)
    throw new TenantryError("CONFIG_INVALID", "keys: a key is a Uint8Array of at least 32 random bytes.");
  const own = Uint8Array.from(bytes);
  let key: Promise<CryptoKey> | undefined;
  return () => (key ??= derive(own));
}

async function derive(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const { subtle } = globalThis.crypto;
  const master = await subtle.importKey("raw", bytes, "HKDF", false, ["deriveKey"]);
  const info = new TextEncoder().encode("tenantry gateway handles 1");
  return subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info },
    master,
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"],
  );
}
