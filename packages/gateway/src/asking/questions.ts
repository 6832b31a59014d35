import type { ClientCapabilities, Principal, ServerRequestHandlers } from "@tenantry/core";
import { keyOf } from "../door/caller.ts";
import { randomName, type Handles } from "../handles/handles.ts";
import type { Reply } from "../wire/reply.ts";
import { Elsewhere } from "./elsewhere.ts";
import { handlersOf } from "./handlers.ts";

/** What questions to clients are asked with. */
export interface QuestionsOptions {
  readonly handles: Handles;
  readonly replica: string;
  readonly answerMs: number;
}

/** What a question's handle holds. */
interface Asked {
  readonly replica: string;
  readonly name: string;
}

interface Unanswered {
  readonly owner: string;
  readonly settle: (answer: { readonly result: unknown; readonly error: unknown }) => void;
}

/**
 * The questions that wait for clients of the legacy era, which answer with a POST of its own. A question's id is a handle
 * that names the process in which the call waits.
 */
export class Questions {
  readonly #options: QuestionsOptions;
  readonly #unanswered = new Map<string, Unanswered>();

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /** How many questions wait. */
  get size(): number {
    return this.#unanswered.size;
  }

  /** The handlers that ask a client on the stream of its own request. */
  handlers(
    capabilities: ClientCapabilities,
    principal: Principal,
    reply: Reply,
  ): ServerRequestHandlers | undefined {
    return handlersOf(capabilities, (method, params, signal) =>
      this.#ask(principal, reply, { method, params, signal }),
    );
  }

  /** Takes a client's answer; `false` for what nobody has asked this principal. One that comes too late is nobody's any more. */
  async answer(principal: Principal, id: unknown, result: unknown, error: unknown): Promise<boolean> {
    const opened = await this.#options.handles.open<Asked>("question", principal, id);
    if (opened.kind !== "own") return false;
    const { replica, name } = opened.value;
    if (replica !== this.#options.replica) throw new Elsewhere(replica);
    const unanswered = this.#unanswered.get(name);
    if (unanswered?.owner === keyOf(principal)) unanswered.settle({ result, error });
    return true;
  }

  async #ask(
    principal: Principal,
    reply: Reply,
    { method, params, signal }: { method: string; params: object | undefined; signal: AbortSignal },
  ): Promise<unknown> {
    const { handles, replica, answerMs } = this.#options;
    const name = randomName();
    const id = await handles.seal("question", principal, { replica, name }, answerMs);
    signal.throwIfAborted();
    if (!reply.isOpen) throw new Error("The client has left.");
    const { promise, resolve, reject } = Promise.withResolvers<Parameters<Unanswered["settle"]>[0]>();
    const leave = () => {
      reply.notify("notifications/cancelled", { requestId: id });
      reject(new Error("The server does not want to know any more."));
    };
    signal.addEventListener("abort", leave, { once: true });
    this.#unanswered.set(name, { owner: keyOf(principal), settle: resolve });
    try {
      reply.ask(id, method, params);
      const { result, error } = await promise;
      if (error !== undefined) throw new Error("The client could not answer.");
      return result;
    } finally {
      this.#unanswered.delete(name);
      signal.removeEventListener("abort", leave);
    }
  }
}
