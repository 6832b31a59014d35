import { TenantryError, outgrows } from "@tenantry/core";
import type { PipeLimits } from "./pipe-limits.ts";

/** Takes one message, and the number of bytes that its line had. */
export type TakeMessage = (message: object, bytes: number) => void;

/**
 * Splits a stream of bytes into JSON-RPC messages, one a line (MCP 2025-11-25, transports, stdio). It splits before
 * it decodes, because no byte of a longer UTF-8 sequence is a line feed. Other lines are counted and dropped.
 */
export class LineDecoder {
  readonly #maxBytes: number;
  readonly #maxDepth: number;
  // Blocks of our own, not the chunks as they come: a line that comes byte by byte would cost a hundred times its length.
  #blocks: Buffer[] = [];
  #room = 0;
  #heldBytes = 0;
  #noiseCount = 0;

  constructor({ maxMessageBytes, maxDepth }: Pick<PipeLimits, "maxMessageBytes" | "maxDepth">) {
    this.#maxBytes = maxMessageBytes;
    this.#maxDepth = maxDepth;
  }

  /** How many lines were no JSON-RPC message; blank ones do not count. */
  get noiseCount(): number {
    return this.#noiseCount;
  }

  /** Takes the next bytes and gives each message that they complete; throws `LIMIT_EXCEEDED` for one too long or too deep. */
  push(chunk: Buffer, take: TakeMessage): void {
    let from = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, from)) {
      this.#complete(chunk.subarray(from, end), take);
      from = end + 1;
    }
    this.#hold(chunk.subarray(from));
  }

  /** Takes what is left as the last line, for a child that ended without a line feed. */
  end(take: TakeMessage): void {
    this.#complete(Buffer.alloc(0), take);
  }

  #complete(rest: Buffer, take: TakeMessage): void {
    const bytes = this.#heldBytes + rest.length;
    this.#checkLength(bytes);
    const line = this.#heldBytes === 0 ? rest : Buffer.concat([...this.#held(), rest], bytes);
    this.#drop();
    // Trimming takes the carriage return, and the byte order mark with it.
    const text = line.toString("utf8").trim();
    if (text === "") return;
    const message = this.#parse(text);
    if (message === undefined) this.#noiseCount++;
    else take(message, bytes);
  }

  /** Log lines are often JSON objects too, so that only the version tells a message. */
  #parse(text: string): object | undefined {
    if (!text.startsWith("{")) return undefined;
    switch (outgrows(text, { maxDepth: this.#maxDepth, maxBytes: this.#maxBytes })) {
      case undefined:
        break;
      case "maxDepth":
        throw exceeded(`a message that nests deeper than ${this.#maxDepth} levels`, "maxDepth");
      case "maxBytes":
        throw exceeded(`a message of more values than fit into ${this.#maxBytes} bytes`, "maxMessageBytes");
    }
    try {
      const value = JSON.parse(text) as { readonly jsonrpc?: unknown };
      return value.jsonrpc === "2.0" ? value : undefined;
    } catch {
      return undefined;
    }
  }

  #hold(rest: Buffer): void {
    this.#checkLength(this.#heldBytes + rest.length);
    for (let piece = rest; piece.length > 0;) {
      if (this.#room === 0) {
        this.#room = Math.min(largestBlock, Math.max(smallestBlock, this.#heldBytes));
        this.#blocks.push(Buffer.allocUnsafe(this.#room));
      }
      const block = this.#blocks.at(-1)!;
      const copied = piece.copy(block, block.length - this.#room);
      this.#room -= copied;
      this.#heldBytes += copied;
      piece = piece.subarray(copied);
    }
  }

  #held(): readonly Buffer[] {
    return this.#blocks.map((block, index) =>
      index === this.#blocks.length - 1 ? block.subarray(0, block.length - this.#room) : block,
    );
  }

  #drop(): void {
    this.#blocks = [];
    this.#room = 0;
    this.#heldBytes = 0;
  }

  #checkLength(bytes: number): void {
    if (bytes <= this.#maxBytes) return;
    this.#drop();
    throw exceeded(`a line of more than ${this.#maxBytes} bytes`, "maxMessageBytes");
  }
}

function exceeded(what: string, limit: string): TenantryError {
  return new TenantryError(
    "LIMIT_EXCEEDED",
    `The server wrote ${what}; raise ${limit}, or ask for less at once.`,
    { delivery: "unknown", recover: "reconnect" },
  );
}

const lineFeed = 0x0a;
const smallestBlock = 1024;
const largestBlock = 1024 * 1024;
