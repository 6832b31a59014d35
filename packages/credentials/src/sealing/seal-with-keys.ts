import { quote, Secret, TenantryError, type Sealer } from "@tenantry/core";
import { fromBase64url } from "./base64url.ts";
import { broken, keyIdPattern, labelOf, openWith, sealWith, type DataKey, type Label } from "./envelope.ts";

/** The keys of a sealer by their names, and which of them seals. */
export interface SealingKeys {
  /** The name of the key that new values are sealed with. */
  readonly current: string;
  /**
   * Every key that still opens something: 32 random bytes each, as they are or as base64, base64url or hex. A name has at
   * most 32 letters, digits, dots, dashes and underscores; it is written into every envelope.
   */
  readonly keys: Readonly<Record<string, Secret | string | Uint8Array>>;
}

/**
 * Seals with AES-256-GCM under keys that the host holds. Each envelope has a key of its own, derived from the current one
 * with a random salt of 32 bytes (HKDF with SHA-256, RFC 5869), so that there is no bound on how many are sealed. Any
 * listed key opens, so a key is replaced by listing the new one as `current` beside it, {@link reseal}ing, and leaving it
 * out. Throws `CONFIG_INVALID` for keys that are none.
 */
export function sealWithKeys({ current, keys }: SealingKeys): Sealer {
  const ring = new Map(Object.entries(keys).map(([id, key]) => [checkId(id), masterOf(id, key)]));
  const master = ring.get(current);
  if (master === undefined) {
    const why = "The current key of sealWithKeys() is not in its keys; name one of them.";
    throw new TenantryError("CONFIG_INVALID", why);
  }
  return Object.freeze<Sealer>({
    async seal(value, owner) {
      const hint = globalThis.crypto.getRandomValues(new Uint8Array(saltBytes));
      const label: Label = { lock: "derived", keyId: current, hint };
      return sealWith(await derive(await master(), hint), label, value, owner);
    },
    async open(envelope, owner) {
      const { lock, keyId, hint } = labelOf(envelope);
      if (lock !== "derived") throw broken("it was sealed with a key service; use sealWithKeyService()");
      const master = ring.get(keyId);
      if (master === undefined) throw broken(`its key ${quote(keyId)} is not in the keys of sealWithKeys()`);
      return openWith(await derive(await master(), hint), envelope, owner);
    },
    isStale(envelope) {
      try {
        const { lock, keyId } = labelOf(envelope);
        return lock !== "derived" || keyId !== current;
      } catch {
        return true;
      }
    },
  });
}

const saltBytes = 32;
const keyBytes = 32;

function checkId(id: string): string {
  // Not quoted: somebody may have put the key where its name should be.
  if (keyIdPattern.test(id)) return id;
  const why =
    "The name of a key of sealWithKeys() has at most 32 letters, digits, dots, dashes and underscores; give it another name.";
  throw new TenantryError("CONFIG_INVALID", why);
}

/** Imports the key when it is first needed, and once. */
function masterOf(id: string, given: unknown): () => Promise<DataKey> {
  const bytes = bytesOf(given);
  if (bytes?.length !== keyBytes) {
    const how = "32 random bytes, as they are or as base64, base64url or hex";
    throw new TenantryError(
      "CONFIG_INVALID",
      `The key ${quote(id)} of sealWithKeys() is not ${how}; make another one.`,
    );
  }
  let master: Promise<DataKey> | undefined;
  return () => (master ??= globalThis.crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveKey"]));
}

/** A copy, so that what the host does to its own afterwards changes nothing. */
function bytesOf(given: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (given instanceof Uint8Array) return new Uint8Array(given);
  const text = given instanceof Secret ? given.reveal() : given;
  if (typeof text !== "string") return undefined;
  if (/^[0-9a-f]{64}$/iu.test(text))
    return Uint8Array.from(text.match(/../gu) ?? [], (pair) => Number.parseInt(pair, 16));
  return fromBase64url(text.replaceAll("+", "-").replaceAll("/", "_").replace(/=$/u, ""));
}

function derive(master: DataKey, salt: Uint8Array<ArrayBuffer>): Promise<DataKey> {
  const info = new TextEncoder().encode("tenantry seal 1");
  const how = { name: "HKDF", hash: "SHA-256", salt, info };
  const key = { name: "AES-GCM", length: 256 };
  return globalThis.crypto.subtle.deriveKey(how, master, key, false, ["encrypt", "decrypt"]);
}
