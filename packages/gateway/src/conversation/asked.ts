import type { Incoming } from "../wire/message.ts";

type Answer = Extract<Incoming, { kind: "answer" }>;

/** What a client has been asked and has not answered yet. */
export class Asked {
  readonly #say: (message: object) => void;
  readonly #waiting = new Map<Answer["id"], (answer: Answer) => void>();
  #count = 0;

  /** `say` is given every question, and what takes it back. */
  constructor(say: (message: object) => void) {
    this.#say = say;
  }

  /** Asks the client and gives its result; rejects where it gives an error, or nobody wants to know any more. */
  async ask(method: string, params: object | undefined, signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted();
    const id = ++this.#count;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const takeBack = () => {
      this.#say({ method: "notifications/cancelled", params: { requestId: id } });
      reject(new Error("The server does not want to know any more."));
    };
    signal.addEventListener("abort", takeBack, { once: true });
    this.#waiting.set(id, resolve);
    try {
      this.#say({ id, method, ...(params !== undefined && { params }) });
      const { result, error } = await promise;
      if (error !== undefined) throw new Error("The client could not answer.");
      return result;
    } finally {
      this.#waiting.delete(id);
      signal.removeEventListener("abort", takeBack);
    }
  }

  /** Takes a client's answer; one that nobody waits for is nobody's. */
  answer(answer: Answer): void {
    this.#waiting.get(answer.id)?.(answer);
  }
}
