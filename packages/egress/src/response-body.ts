import { TenantryError } from "@tenantry/core";

/** What a server sends after its headers: read once, as text, as it arrives, or chunk by chunk. */
export interface ResponseBody extends AsyncIterable<Uint8Array> {
  /**
   * Reads the rest as UTF-8. Throws `CONNECTION_LOST` where it ends early, `LIMIT_EXCEEDED` where it is too long,
   * or the reason of the request's signal.
   */
  text(): Promise<string>;
  /**
   * Calls `take` with each chunk as it arrives, and resolves at the end or when {@link cancel} is called. Throws what
   * {@link text} does; what `take` throws ends the exchange and is thrown.
   */
  drain(take: (chunk: Uint8Array) => void): Promise<void>;
  /** Gives up what has not been read and frees the socket; does nothing once everything has arrived. */
  cancel(): void;
}

/** Where a body's bytes come from. */
export interface BodySource {
  /** Is called when there is room again after {@link ReceivedBody.push} has answered `full`. */
  resume(): void;
  /** Is called when the reader gives up. */
  cancel(): void;
}

/** Chunks wait here up to this size; each counts a little more than its bytes, because a tiny one costs more too. */
const roomBytes = 64 * 1024;
const chunkCost = 128;
/** Text is decoded in pieces of this size: larger ones would hold too much twice. */
const pieceBytes = 1024 * 1024;

/** Only for whole texts: it keeps nothing from one to the next. */
const utf8 = new TextDecoder();

/** A reader to whom chunks are handed as they arrive. */
interface Drain {
  readonly take: (chunk: Uint8Array) => void;
  readonly ended: () => void;
  readonly failed: (failure: unknown) => void;
}

/** A body between the transport that fills it and the caller who reads it, with room for 64 KiB. */
export class ReceivedBody implements ResponseBody {
  readonly #source: BodySource;
  readonly #maxBytes: number;
  #chunks: Uint8Array[] = [];
  #waiting = 0;
  #received = 0;
  #full = false;
  #claimed = false;
  #state: "open" | "ended" | "failed" = "open";
  #failure: unknown;
  #drain: Drain | undefined;
  #wake: (() => void) | undefined;

  constructor(source: BodySource, maxBytes: number) {
    this.#source = source;
    this.#maxBytes = maxBytes;
  }

  /** Takes one chunk in; `full` asks the transport to pause, `over` says that the body exceeds its bound. */
  push(chunk: Uint8Array): "more" | "full" | "over" {
    if (this.#state !== "open") return "more";
    this.#received += chunk.length;
    if (this.#received > this.#maxBytes) return "over";
    if (this.#drain !== undefined) {
      this.#hand(this.#drain, chunk);
      return "more";
    }
    this.#chunks.push(chunk);
    this.#waiting += chunk.length + chunkCost;
    this.#full = this.#waiting >= roomBytes;
    this.#wake?.();
    return this.#full ? "full" : "more";
  }

  /** Says that everything has arrived. */
  end(): void {
    this.#settle("ended", undefined);
  }

  /** Says that nothing more arrives; what has arrived is read before the failure is thrown. */
  fail(failure: unknown): void {
    this.#settle("failed", failure);
  }

  /** Throws away what has arrived, and has the reader throw the failure now. */
  drop(failure: unknown): void {
    if (this.#state !== "open") return;
    this.#forget();
    this.#settle("failed", failure);
  }

  text(): Promise<string> {
    // A short answer is all there before anybody reads it.
    if (this.#state !== "ended" || this.#claimed || this.#chunks.length > 1) return this.#collect();
    this.#claimed = true;
    const [whole] = this.#chunks;
    this.#forget();
    return Promise.resolve(whole === undefined ? "" : utf8.decode(whole));
  }

  drain(take: (chunk: Uint8Array) => void): Promise<void> {
    return new Promise<void>((ended, failed) => {
      this.#claim();
      const drain = (this.#drain = { take, ended, failed });
      const waiting = this.#chunks;
      this.#forget();
      for (const chunk of waiting) if (this.#drain !== undefined) this.#hand(drain, chunk);
      if (this.#state === "open") this.#makeRoom();
      else this.#finish();
    });
  }

  cancel(): void {
    this.#forget();
    if (this.#state === "open") {
      this.#settle("ended", undefined);
      this.#source.cancel();
    } else if (this.#drain !== undefined) {
      this.#state = "ended";
      this.#finish();
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    this.#claim();
    return {
      next: async () => {
        const value = await this.#next();
        return value === undefined ? { done: true, value } : { done: false, value };
      },
      return: () => {
        this.cancel();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  /** Many tiny chunks are joined before they are decoded, and much text is decoded before it has all arrived. */
  async #collect(): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    let piece: Uint8Array[] = [];
    let size = 0;
    await this.drain((chunk) => {
      piece.push(chunk);
      size += chunk.length + chunkCost;
      if (size < pieceBytes) return;
      text += decoder.decode(joined(piece), { stream: true });
      piece = [];
      size = 0;
    });
    return text === "" ? utf8.decode(joined(piece)) : text + decoder.decode(joined(piece));
  }

  #hand(drain: Drain, chunk: Uint8Array): void {
    try {
      drain.take(chunk);
    } catch (thrown) {
      this.#drain = undefined;
      drain.failed(thrown);
      this.cancel();
    }
  }

  async #next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#waiting -= chunk.length + chunkCost;
        this.#makeRoom();
        return chunk;
      }
      if (this.#state === "failed") throw this.#failure;
      if (this.#state === "ended") return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #makeRoom(): void {
    if (!this.#full || this.#waiting > roomBytes / 2) return;
    this.#full = false;
    this.#source.resume();
  }

  #claim(): void {
    if (this.#claimed)
      throw new TenantryError("ARGUMENT_INVALID", "This body has been read; keep what it gave.");
    this.#claimed = true;
  }

  #settle(state: "ended" | "failed", failure: unknown): void {
    if (this.#state !== "open") return;
    this.#state = state;
    this.#failure = failure;
    this.#wake?.();
    this.#finish();
  }

  #finish(): void {
    const drain = this.#drain;
    this.#drain = undefined;
    if (this.#state === "failed") drain?.failed(this.#failure);
    else drain?.ended();
  }

  #forget(): void {
    this.#chunks = [];
    this.#waiting = 0;
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  if (first !== undefined && chunks.length === 1) return first;
  const whole = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
