import { announce, RecentMap, type Clock, type Json, type Principal } from "@tenantry/core";
import { keyOf } from "../door/caller.ts";
import type { KeyRing } from "./key-ring.ts";

/** What a handle is for; one for another purpose does not open. */
export type Purpose = "session" | "question" | "round" | "cursor";

/** What an opened handle holds. */
export type Opened<T> =
  | { readonly kind: "own"; readonly value: T }
  /** Forged, changed, over, for something else or for somebody else: it is the same to whoever brings it. */
  | { readonly kind: "unknown" };

/** What was sealed: for whom, until when, and what. */
type Sealed = readonly [owner: string, until: number, value: unknown];

const nonceBytes = 12;
/** How many sessions are known without being opened anew. */
const maxKnown = 4_096;
const unknown = Object.freeze({ kind: "unknown" } as const);

/**
 * Gives clients what they bring back: opaque, unforgeable (AES-256-GCM), for one principal, one purpose and a limited time,
 * so that whichever process has the same keys can take it and none has to keep it.
 */
export class Handles {
  readonly #ring: KeyRing;
  readonly #clock: Clock;
  /** A session's handle comes with each of its requests, and to open it costs more than many a tool; no other comes twice. */
  readonly #known = new RecentMap<string, Sealed>(maxKnown);

  constructor(ring: KeyRing, clock: Clock) {
    this.#ring = ring;
    this.#clock = clock;
  }

  /** Seals a value for one principal, good for `ttlMs` milliseconds. */
  async seal(purpose: Purpose, principal: Principal, value: Json, ttlMs: number): Promise<string> {
    const { current } = this.#ring;
    const key = await this.#ring.key(current);
    if (key === undefined) throw new TypeError("There is no current key.");
    const iv = globalThis.crypto.getRandomValues(new Uint8Array(nonceBytes));
    const plain = JSON.stringify([keyOf(principal), this.#clock.now() + ttlMs, value]);
    const additionalData = labelOf(purpose, current);
    const sealed = await globalThis.crypto.subtle.encrypt(
      { name: "AES-GCM", iv, additionalData },
      key,
      encoder.encode(plain),
    );
    const whole = new Uint8Array(nonceBytes + sealed.byteLength);
    whole.set(iv);
    whole.set(new Uint8Array(sealed), nonceBytes);
    return `${current}.${toBase64Url(whole)}`;
  }

  /** Opens what a client brought; never rejects. */
  async open<T>(purpose: Purpose, principal: Principal, handle: unknown): Promise<Opened<T>> {
    if (typeof handle !== "string") return unknown;
    const known = purpose === "session" ? this.#known.get(handle) : undefined;
    const sealed = known ?? (await this.#unseal(purpose, handle));
    if (sealed === undefined) return unknown;
    if (purpose === "session" && known === undefined) this.#known.set(handle, sealed);
    const [owner, until, value] = sealed;
    if (owner !== keyOf(principal)) {
      announce("tenantry:gateway:refuse", () => ({ reason: "principal_mismatch", caller: principal }));
      return unknown;
    }
    return until < this.#clock.now() ? unknown : { kind: "own", value: value as T };
  }

  /** Gives what was sealed here, or where the same keys are, for this purpose; `undefined` for anything else. */
  async #unseal(purpose: Purpose, handle: string): Promise<Sealed | undefined> {
    const [, name = "", text = ""] = /^([\w-]{1,32})\.([\w-]{40,})$/u.exec(handle) ?? [];
    const key = await this.#ring.key(name);
    const whole = key && fromBase64Url(text);
    if (key === undefined || whole === undefined) return undefined;
    try {
      const plain = await globalThis.crypto.subtle.decrypt(
        { name: "AES-GCM", iv: whole.subarray(0, nonceBytes), additionalData: labelOf(purpose, name) },
        key,
        whole.subarray(nonceBytes),
      );
      // One object for all that it is opened for.
      return JSON.parse(decoder.decode(plain), (_name, one: unknown) => Object.freeze(one)) as Sealed;
    } catch {
      return undefined;
    }
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function labelOf(purpose: Purpose, key: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(`tenantry ${purpose} ${key}`);
}

function toBase64Url(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** An unguessable name of 128 bits. */
export function randomName(): string {
  return toBase64Url(globalThis.crypto.getRandomValues(new Uint8Array(16)));
}
