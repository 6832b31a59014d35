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

  /** The line that tells most about an end: the last that is not blank or, of a dump of an error, the error's own. */
  lastLine(): string | undefined {
    const lines = this.text()
      .split(/[\r\n]+/u)
      .filter((line) => line.trim() !== "");
    const dump = lines.findLastIndex((line) => !aftermath.test(line)) + 1;
    if (dump === 0 || !lines.slice(dump).some((line) => traced.test(line))) return lines.at(-1)?.trim();
    const before = lines.slice(0, dump);
    // A message of several lines begins above, but after whatever was dumped before it.
    const since = before.findLastIndex((line) => traced.test(line)) + 1;
    const begun = traced.test(lines[dump] ?? "")
      ? before.slice(since).findLast((line) => head.test(line))
      : undefined;
    return (begun ?? before.at(-1))?.trim();
  }
}

/** A frame, or the version that ends a crash. */
const traced = /^(?:\s+at \S|(?:Node\.js|Bun) v\d)/u;
/** What comes after an error's message: frames, properties, causes, a hint and the version of what ran it. */
const aftermath = /^(?:\s|[}\]]|\(Use `node |(?:Node\.js|Bun) v\d)/u;
/** How an error begins, such as `TypeError: …` or `Error [ERR_X]: …`. */
const head = /^(?:Uncaught )?(?:\w*(?:Error|Exception)\b|\w+(?: \[\w+\])?: )/u;

/** Each text in all its spellings, and so each of its lines; the longest first, so that none is left in part. */
function formsOf(secrets: readonly Secret[]): readonly string[] {
  const texts = secrets.map((one) => one.reveal());
  // A key of several lines is often kept in one, with `\n` spelled out.
  const lines = texts.flatMap((text) => text.split(/[\r\n]+|\\[rn]/u)).filter((line) => line.length >= 6);
  const forms = [...texts, ...lines].flatMap((text) => spellings.map((spell) => spell(text)));
  return [...new Set(forms)]
    .filter((form) => form !== "")
    .map((form) => Buffer.from(form).toString("latin1"))
    .sort((one, other) => other.length - one.length);
}

/** How programs write a text: as it is, as the JSON of JavaScript, Python, Go and .NET has it, and as a URL has it. */
const spellings: readonly ((text: string) => string)[] = Object.freeze([
  (text: string) => text,
  json,
  (text: string) => json(text).replace(/[^\0-\x7f]/g, escaped),
  (text: string) => json(text).replace(/[<>&\u2028\u2029]/g, escaped),
  (text: string) =>
    json(text)
      .replaceAll('\\"', "\\u0022")
      .replace(/[<>&+'`]|[^\0-\x7e]/g, (unit) => escaped(unit).toUpperCase().replace("U", "u")),
  (text: string) => encodeURIComponent(text.toWellFormed()),
]);

function json(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** One UTF-16 unit, because JSON escapes the two of a pair apart. */
function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A byte that no UTF-8 text has. */
const covered = "\xff";
