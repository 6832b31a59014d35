import { TenantryError } from "@tenantry/core";
import type { Transform } from "node:stream";
import type * as Zlib from "node:zlib";

/** A content coding that is undone although none is asked for (RFC 9110, section 8.4.1; RFC 8878). */
export type ContentCoding = keyof typeof makers;

const makers = Object.freeze({
  gzip: (zlib: typeof Zlib) => zlib.createGunzip(),
  "x-gzip": (zlib: typeof Zlib) => zlib.createGunzip(),
  deflate: (zlib: typeof Zlib) => zlib.createInflate(),
  br: (zlib: typeof Zlib) => zlib.createBrotliDecompress(),
  zstd: (zlib: typeof Zlib) =>
    // A larger window than 8 MiB is not for HTTP (RFC 9659).
    zlib.createZstdDecompress({ params: { [zlib.constants.ZSTD_d_windowLogMax]: 23 } }),
});

/** The coding that a `content-encoding` names: `undefined` for none, `unknown` for several and for any other. */
export function codingOf(encoding: string | undefined): ContentCoding | "unknown" | undefined {
  const name = encoding?.trim().toLowerCase();
  if (name === undefined || name === "" || name === "identity") return undefined;
  return Object.hasOwn(makers, name) ? (name as ContentCoding) : "unknown";
}

/** What is thrown for an encoding that cannot be undone. */
export function encodingError(origin: string, cause?: unknown): TenantryError {
  const what = `${origin} encoded its response, unasked, so that it cannot be read; have it answer without content-encoding.`;
  const details = cause === undefined ? {} : { cause };
  return new TenantryError("PROTOCOL_VIOLATION", what, { ...details, delivery: "answered" });
}

/** Where decoded bytes go, and who waits for room. */
export interface DecoderListener {
  /** Takes a decoded chunk; `full` asks for a pause until {@link Decoder.resume}. */
  decoded(chunk: Uint8Array): "more" | "full" | "over";
  /** There is room for encoded bytes again. */
  drained(): void;
  ended(): void;
  /** The bytes are not what their coding says. */
  failed(cause: unknown): void;
}

/** Undoes a content coding, a chunk at a time, so that little is held however much comes out. */
export class Decoder {
  readonly #listener: DecoderListener;
  #stream: Transform | undefined;
  /** What comes before `node:zlib` is loaded: no more than a paused socket holds. */
  #early: Uint8Array[] = [];
  #empty = true;
  #state: "open" | "ended" | "left" = "open";

  constructor(coding: ContentCoding, listener: DecoderListener) {
    this.#listener = listener;
    void this.#load(coding);
  }

  /** Whether it waits for {@link resume}. */
  get isFull(): boolean {
    return this.#stream?.isPaused() === true;
  }

  /** Takes encoded bytes; `false` asks for a pause until `drained`. */
  write(chunk: Uint8Array): boolean {
    this.#empty = false;
    if (this.#stream !== undefined) return this.#stream.write(chunk);
    this.#early.push(chunk);
    return false;
  }

  /** Says that all encoded bytes have come. */
  end(): void {
    this.#state = "ended";
    if (this.#empty) this.#listener.ended();
    else this.#stream?.end();
  }

  /** There is room for decoded bytes again. */
  resume(): void {
    this.#stream?.resume();
  }

  /** Throws everything away; nothing is called after it. */
  leave(): void {
    this.#state = "left";
    this.#early = [];
    this.#stream?.destroy();
  }

  async #load(coding: ContentCoding): Promise<void> {
    try {
      this.#start(makers[coding](await import("node:zlib")));
    } catch (cause) {
      // This runtime does not know the coding.
      if (this.#state !== "left") this.#listener.failed(cause);
    }
  }

  #start(stream: Transform): void {
    if (this.#state === "left") return;
    this.#stream = stream
      .on("data", (chunk: Uint8Array) => {
        if (this.#state !== "left" && this.#listener.decoded(chunk) === "full") stream.pause();
      })
      .on("drain", () => this.#listener.drained())
      .on("end", () => this.#listener.ended())
      .on("error", (cause) => this.#listener.failed(cause));
    for (const chunk of this.#early) stream.write(chunk);
    this.#early = [];
    if (this.#state === "ended") stream.end();
    else this.#listener.drained();
  }
}
