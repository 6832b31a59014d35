import { SUBSCRIPTION_ID_META_KEY } from "@modelcontextprotocol/client";
import type { LogMessage, Progress } from "@tenantry/core";
import type { Call } from "./call.ts";
import {
  answerOf,
  isObject,
  isSameId,
  isServerMessage,
  type Answer,
  type Fields,
  type Id,
  type ServerMessage,
} from "./message.ts";

/** Whoever hears what a server says of its own accord. */
export interface Hearer {
  /** Takes one message, with the call that it belongs to where that is known. */
  hear(message: ServerMessage, call: Call | undefined): void;
}

/** What an {@link Inbox} must know of its connection. */
export interface InboxOptions {
  /** Whether several users' calls go over it; defaults to `false`. */
  readonly shared?: boolean | undefined;
}

/**
 * Sorts what arrives: answers and progress go to the call that they belong to, what the server says of its own accord
 * to whoever listens, and what is no JSON-RPC is ignored. Where several users share the connection, nothing is taken for a
 * call's own because no other call is in flight.
 */
export class Inbox {
  /** Is given what the server says of its own accord. */
  hearer: Hearer | undefined;
  readonly #isShared: boolean;
  /** There while calls are: nearly every connection is at rest. */
  #pending: Map<Id, Call> | undefined;
  /** Whether a call was given up, whose answer may still come. */
  #hasAbandoned = false;

  constructor({ shared = false }: InboxOptions = {}) {
    this.#isShared = shared;
  }

  /** The calls that wait for an answer. */
  get pending(): readonly Call[] {
    return [...(this.#pending?.values() ?? [])];
  }

  /** Expects the answer to a call. */
  add(call: Call): void {
    (this.#pending ??= new Map()).set(call.id, call);
  }

  /** Forgets a call. */
  release(call: Call): void {
    if (this.#remove(call) && !call.isAnswered) this.#hasAbandoned = true;
  }

  /**
   * Takes one message. `own` is the call on whose own stream it came: only that one can be answered there, and `null`
   * says that the stream is nobody's.
   */
  receive(message: unknown, own?: Call | null): void {
    if (!isObject(message)) return;
    if (isServerMessage(message)) this.#receiveOther(message, own ?? undefined);
    else this.#receiveAnswer(message, own);
  }

  #receiveAnswer(message: Fields, own: Call | null | undefined): void {
    const answer = answerOf(message);
    const call = answer === undefined ? undefined : this.#answeredCall(message.id, answer, own);
    if (answer === undefined || call === undefined) return;
    call.answered(answer);
    this.#remove(call);
  }

  #remove({ id }: Call): boolean {
    if (this.#pending?.delete(id) !== true) return false;
    if (this.#pending.size === 0) this.#pending = undefined;
    return true;
  }

  #answeredCall(id: unknown, { kind }: Answer, own: Call | null | undefined): Call | undefined {
    if (own === null) return undefined;
    if (id === undefined || id === null) return own ?? this.#onlyOne(kind);
    if (own !== undefined) return isSameId(own.id, id) ? own : undefined;
    return this.#find(id);
  }

  /**
   * An error without an id is about a request that could not be read: where there is only one, it is that one. What all
   * requests share may bring it late, and then it can be about one that is no longer waited for. Before anybody listens
   * there is only the handshake, which is nobody's.
   */
  #onlyOne(kind: Answer["kind"]): Call | undefined {
    const mayBeAnothers = this.#hasAbandoned || (this.#isShared && this.hearer !== undefined);
    if (kind === "result" || mayBeAnothers || this.#pending?.size !== 1) return undefined;
    return this.#pending.values().next().value;
  }

  /** Ids are numbers here, and some servers give them back as strings. */
  #find(id: unknown): Call | undefined {
    const call = this.#pending?.get(typeof id === "string" ? Number(id) : (id as Id));
    return call !== undefined && isSameId(call.id, id) ? call : undefined;
  }

  #receiveOther(message: ServerMessage, own: Call | undefined): void {
    const params = isObject(message.params) ? message.params : {};
    const call = own ?? this.#concerned(params);
    switch (message.method) {
      case "notifications/progress":
        return this.#receiveProgress(params);
      case "notifications/message":
        return call?.logged(params as unknown as LogMessage);
      default:
        this.hearer?.hear(message, call);
    }
  }

  #receiveProgress({ progressToken, _meta, ...progress }: Fields): void {
    if (typeof progress.progress !== "number") return;
    this.#pending?.get(progressToken as Id)?.progressed(progress as unknown as Progress);
  }

  /** On a stream that all calls share: the one whose subscription a message names, else the only one there is. */
  #concerned({ _meta }: Fields): Call | undefined {
    const subscription = isObject(_meta) ? _meta[SUBSCRIPTION_ID_META_KEY] : undefined;
    if (subscription !== undefined) return this.#find(subscription);
    // What a call that was given up, or another user's that was answered, still brings up is no other call's.
    if (this.#hasAbandoned || this.#isShared) return undefined;
    const calls = this.pending.filter((call) => !call.isEndless);
    return calls.length === 1 ? calls[0] : undefined;
  }
}
