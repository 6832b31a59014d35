import { TenantryError } from "@tenantry/core";

/** What a server sends after its headers: read once, as text or chunk by chunk. */
export interface ResponseBody extends AsyncIterable<Uint8Array> {
  /**
   * Reads the rest as UTF-8. Throws `CONNECTION_LOST` where it ends early, `LIMIT_EXCEEDED` where it is too long,
   * or the reason of the request's signal.
   */
  text(): Promise<string>;
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

/** A body between the transport that fills it and the caller who reads it, with room for 64 KiB. */
export class ReceivedBody implements ResponseBody {
  readonly #source: BodySource;
  readonly #maxBytes: number;
  #chunks: Uint8Array[] = [];
  #waiting = 0;
  #received = 0;
  #full = false;
  #claimed = false;
  #outcome: { readonly failure?: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(source: BodySource, maxBytes: number) {
    this.#source = source;
    this.#maxBytes = maxBytes;
  }

  /** Takes one chunk in; `full` asks the transport to pause, `over` says that the body exceeds its bound. */
  push(chunk: Uint8Array): "more" | "full" | "over" {
    if (this.#outcome !== undefined) return "more";
    this.#received += chunk.length;
    if (this.#received > this.#maxBytes) return "over";
    this.#chunks.push(chunk);
    this.#waiting += chunk.length + chunkCost;
    this.#full = this.#waiting >= roomBytes;
    this.#wake?.();
    return this.#full ? "full" : "more";
  }

  /** Says that everything has arrived. */
  end(): void {
    this.#settle({});
  }

  /** Says that nothing more arrives; what has arrived is read before the failure is thrown. */
  fail(failure: unknown): void {
    this.#settle({ failure });
  }

  /** Throws away what has arrived, and has the reader throw the failure now. */
  drop(failure: unknown): void {
    this.#forget();
    this.#outcome = undefined;
    this.#settle({ failure });
  }

  async text(): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    let batch: Uint8Array[] = [];
    let size = 0;
    this.#claim();
    for (let chunk = await this.#take(); chunk !== undefined; chunk = await this.#take()) {
      batch.push(chunk);
      size += chunk.length + chunkCost;
      if (size < roomBytes) continue;
      text += decoder.decode(joined(batch), { stream: true });
      batch = [];
      size = 0;
    }
    return text + decoder.decode(joined(batch));
  }

  cancel(): void {
    this.#forget();
    if (this.#outcome !== undefined) return;
    this.#settle({});
    this.#source.cancel();
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    this.#claim();
    return {
      next: async () => {
        const value = await this.#take();
        return value === undefined ? { done: true, value } : { done: false, value };
      },
      return: () => {
        this.cancel();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  async #take(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#waiting -= chunk.length + chunkCost;
        this.#makeRoom();
        return chunk;
      }
      if (this.#outcome !== undefined) {
        if ("failure" in this.#outcome) throw this.#outcome.failure;
        return undefined;
      }
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

  #settle(outcome: { readonly failure?: unknown }): void {
    this.#outcome ??= outcome;
    this.#wake?.();
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
