import type { NotificationMessage, ReplyMessage } from "./message.ts";

/** How many of them may be on their way at once: a server can ask for replies without end and take none. */
const maxUnfinished = 16;
/** A reply repeats the id that the server chose. */
const maxIdLength = 1_024;

/** What is said beside the calls, on one connection; what there is no room for is not said. */
export class Asides {
  readonly #unfinished = new Set<Promise<void>>();

  /** Whether another one would be sent. */
  get hasRoom(): boolean {
    return this.#unfinished.size < maxUnfinished;
  }

  /** Resolves when those that are on their way now have been heard or given up. */
  get finished(): Promise<unknown> {
    return Promise.all(this.#unfinished);
  }

  /** Sends one message, or drops it where too many are unfinished; never rejects, because nobody waits for it. */
  async send(message: NotificationMessage | ReplyMessage, deliver: () => Promise<void>): Promise<void> {
    const isHuge = "id" in message && String(message.id).length > maxIdLength;
    if (!this.hasRoom || isHuge) return;
    // Whoever is concerned learns of a broken connection from its own call.
    const delivery = deliver().catch(() => {});
    this.#unfinished.add(delivery);
    await delivery;
    this.#unfinished.delete(delivery);
  }
}

/**
 * Whether a message is a reply to the server or a cancellation, which may be lost without harm. The end of the
 * handshake may not: it is a part of it, and has its deadline.
 */
export function isAside(message: NotificationMessage | ReplyMessage): boolean {
  return !("method" in message && message.method === "notifications/initialized");
}
