import { secret, TenantryError, type Envelope, type Secret, type SealedFor } from "@tenantry/core";
import { fromBase64url, toBase64url } from "./base64url.ts";

/** A key that WebCrypto holds. */
export type DataKey = Awaited<ReturnType<typeof globalThis.crypto.subtle.importKey>>;

/** What an envelope tells without being opened. */
export interface Label {
  /** How its key is found: derived from a key of a ring, or unwrapped by a service. */
  readonly lock: "derived" | "wrapped";
  readonly keyId: string;
  /** The salt that its key is derived with, or its wrapped key. */
  readonly hint: Uint8Array<ArrayBuffer>;
}

/** An envelope in its parts; the label is read and not yet believed. */
interface Parsed extends Label {
  /** Everything in front of what is sealed. */
  readonly header: Uint8Array<ArrayBuffer>;
  readonly nonce: Uint8Array<ArrayBuffer>;
  readonly body: Uint8Array<ArrayBuffer>;
}

const layout = 1;
const locks = ["derived", "wrapped"] as const;
const nonceBytes = 12;
const tagBytes = 16;

/** The longest text that is sealed, in bytes of UTF-8. */
const maxValueBytes = 524_288;
const maxEnvelopeLength = 1_048_576;

/** The names that a key may have. */
export const keyIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/u;

/**
 * Seals a text with AES-256-GCM under a random nonce of 96 bits (NIST SP 800-38D, section 8.2.2); the label and the row's
 * identity are authenticated with it. Rejects with `LIMIT_EXCEEDED` above 524,288 bytes.
 */
export async function sealWith(
  key: DataKey,
  label: Label,
  value: Secret,
  owner: SealedFor,
): Promise<Envelope> {
  const text = value.reveal();
  // Encoding would put another character in place of half of one.
  if (!text.isWellFormed())
    throw new TenantryError(
      "CREDENTIAL_INVALID",
      "A value to be sealed is not well-formed Unicode; repair it.",
    );
  const plain = new TextEncoder().encode(text);
  if (plain.length > maxValueBytes)
    throw new TenantryError(
      "LIMIT_EXCEEDED",
      `A value to be sealed has more than ${maxValueBytes} bytes; shorten it.`,
    );
  const nonce = globalThis.crypto.getRandomValues(new Uint8Array(nonceBytes));
  const header = headerOf(label, nonce);
  const algorithm = { name: "AES-GCM", iv: nonce, additionalData: associated(header, owner) };
  const body = new Uint8Array(await globalThis.crypto.subtle.encrypt(algorithm, key, plain));
  return toBase64url(concatenate(header, body));
}

/** Opens what {@link sealWith} has sealed; rejects with `SEAL_BROKEN` where anything is not as it was then. */
export async function openWith(key: DataKey, envelope: Envelope, owner: SealedFor): Promise<Secret> {
  const { header, nonce, body } = parse(envelope);
  const algorithm = { name: "AES-GCM", iv: nonce, additionalData: associated(header, owner) };
  try {
    const plain = await globalThis.crypto.subtle.decrypt(algorithm, key, body);
    return secret(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(plain));
  } catch {
    // Why is not told apart: the cipher does not know either.
    throw broken("it was changed, belongs to another row, or was sealed with another key of the same name");
  }
}

/** Reads the label; throws `SEAL_BROKEN` where the envelope is none. */
export function labelOf(envelope: Envelope): Label {
  return parse(envelope);
}

/** The error for an envelope that does not open, which shows nothing of it. */
export function broken(why: string): TenantryError {
  return new TenantryError(
    "SEAL_BROKEN",
    `A sealed value does not open: ${why}. Give the key and the row that it was sealed for, or save the value again.`,
  );
}

/** One byte for the layout, one for the lock, then the key's id and the hint, each after its length, and the nonce. */
function headerOf({ lock, keyId, hint }: Label, nonce: Uint8Array): Uint8Array<ArrayBuffer> {
  const id = new TextEncoder().encode(keyId);
  const lengths = [hint.length >> 8, hint.length & 0xff];
  return Uint8Array.from([layout, locks.indexOf(lock), id.length, ...id, ...lengths, ...hint, ...nonce]);
}

function parse(envelope: Envelope): Parsed {
  const isText = typeof envelope === "string" && envelope.length <= maxEnvelopeLength;
  const bytes = isText ? fromBase64url(envelope) : undefined;
  const [version, lockAt = -1, idLength = 0] = bytes ?? [];
  const lock = locks[lockAt];
  if (bytes === undefined || version !== layout || lock === undefined)
    throw broken("it is no envelope of this version");
  const lengthAt = 3 + idLength;
  const hintLength = ((bytes[lengthAt] ?? 0) << 8) | (bytes[lengthAt + 1] ?? 0);
  const nonceAt = lengthAt + 2 + hintLength;
  const bodyAt = nonceAt + nonceBytes;
  if (bytes.length < bodyAt + tagBytes) throw broken("it is cut off");
  const keyId = String.fromCharCode(...bytes.subarray(3, lengthAt));
  if (!keyIdPattern.test(keyId)) throw broken("it names no key");
  return {
    lock,
    keyId,
    hint: bytes.slice(lengthAt + 2, nonceAt),
    header: bytes.slice(0, bodyAt),
    nonce: bytes.slice(nonceAt, bodyAt),
    body: bytes.slice(bodyAt),
  };
}

/** The header ends where it says, and no two lists of texts have one JSON, so nothing can move from one to the other. */
function associated(header: Uint8Array, owner: SealedFor): Uint8Array<ArrayBuffer> {
  return concatenate(header, new TextEncoder().encode(JSON.stringify(owner)));
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
