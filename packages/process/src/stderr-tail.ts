import type { Secret } from "@tenantry/core";

/** Keeps the end of a stream of any length, without the secrets that the child was given. */
export class StderrTail {
  readonly #shownBytes: number;
  readonly #secrets: readonly Secret[];
  /** What a secret cut by the ring's beginning may leave there. */
  readonly #marginBytes: number;
  #ring = Buffer.alloc(0);
  #bytes = 0;
  #cut = false;

  constructor(shownBytes: number, secrets: readonly Secret[]) {
    this.#shownBytes = shownBytes;
    this.#secrets = secrets.filter((one) => one.reveal() !== "");
    this.#marginBytes = Math.max(0, ...this.#secrets.map((one) => Buffer.byteLength(one.reveal()) - 1));
  }

  /** Takes the next bytes. */
  push(chunk: Buffer): void {
    const capacity = this.#shownBytes + this.#marginBytes;
    if (this.#ring.length === 0) this.#ring = Buffer.allocUnsafeSlow(capacity);
    const piece = chunk.subarray(Math.max(0, chunk.length - capacity));
    const kept = Math.min(this.#bytes, capacity - piece.length);
    this.#cut ||= this.#bytes + chunk.length > capacity;
    this.#ring.copyWithin(0, this.#bytes - kept, this.#bytes);
    piece.copy(this.#ring, kept);
    this.#bytes = kept + piece.length;
  }

  /** The end of the stream as text; each secret in it reads `[redacted]`. */
  text(): string {
    let bytes = this.#ring.toString("latin1", 0, this.#bytes);
    for (const one of this.#secrets) {
      const text = Buffer.from(one.reveal()).toString("latin1");
      bytes = bytes.replaceAll(text, covered.repeat(text.length));
    }
    if (this.#cut) bytes = bytes.slice(this.#marginBytes).replace(/^[\x80-\xbf]{1,3}/u, "");
    return bytes
      .slice(-this.#shownBytes)
      .split(/\xff+/u)
      .map((part) => Buffer.from(part, "latin1").toString("utf8"))
      .join("[redacted]");
  }

  /** The last line that is not blank. */
  lastLine(): string | undefined {
    return this.text()
      .split(/[\r\n]+/u)
      .findLast((line) => line.trim() !== "")
      ?.trim();
  }
}

/** A byte that no UTF-8 text has. */
const covered = "\xff";
