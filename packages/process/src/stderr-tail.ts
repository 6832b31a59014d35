import type { Secret } from "@tenantry/core";

/** Keeps the end of a stream of any length, without the secrets that the child was given. */
export class StderrTail {
  readonly #shownBytes: number;
  /** In every form in which a program may write them, as bytes. */
  readonly #forms: readonly string[];
  /** What a secret cut by the ring's beginning may leave there. */
  readonly #marginBytes: number;
  #ring = Buffer.alloc(0);
  #bytes = 0;
  #cut = false;

  constructor(shownBytes: number, secrets: readonly Secret[]) {
    this.#shownBytes = shownBytes;
    this.#forms = formsOf(secrets);
    this.#marginBytes = Math.max(0, ...this.#forms.map((form) => form.length - 1));
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
    for (const form of this.#forms) bytes = bytes.replaceAll(form, covered.repeat(form.length));
    if (this.#cut) bytes = bytes.slice(this.#marginBytes).replace(/^[\x80-\xbf]{1,3}/u, "");
    return bytes
      .slice(-this.#shownBytes)
      .split(/\xff+/u)
      .map((part) => Buffer.from(part, "latin1").toString("utf8"))
      .join("[redacted]");
  }

  /** The last line that is not blank; of a crash of Node, which ends with its frames and its version, the error. */
  lastLine(): string | undefined {
    const lines = this.text()
      .split(/[\r\n]+/u)
      .map((line) => line.trim())
      .filter((line) => line !== "");
    const last = lines.at(-1);
    if (last === undefined || !/^Node\.js v\d/u.test(last)) return last;
    return lines.findLast((line) => /^(?:Uncaught )?\w*Error\b/u.test(line)) ?? last;
  }
}

/** The text itself, its lines, and both as JSON spells them; the longest first, so that none is left in part. */
function formsOf(secrets: readonly Secret[]): readonly string[] {
  const texts = secrets.map((one) => one.reveal());
  const lines = texts.flatMap((text) => text.split(/[\r\n]+/u)).filter((line) => line.length >= 6);
  const plain = [...texts, ...lines];
  const escaped = plain.map((text) => JSON.stringify(text).slice(1, -1));
  const forms = [...plain, ...escaped].filter((text) => text !== "");
  return [...new Set(forms)]
    .map((text) => Buffer.from(text).toString("latin1"))
    .sort((one, other) => other.length - one.length);
}

/** A byte that no UTF-8 text has. */
const covered = "\xff";
