import { isJSONRPCResultResponse, type JSONRPCMessage } from "@modelcontextprotocol/client";
import type { Progress, RpcError } from "@tenantry/core";
import type { Answer, Call } from "./call.ts";

type Fields = Readonly<Record<string, unknown>>;
/** The id of a request, as the SDK chose it. */
type Id = string | number;

/**
 * Sorts what arrives: answers and progress go to the call they belong to, everything that is JSON-RPC also to the
 * SDK, in a form that it does not drop, and what is neither is ignored.
 */
export class Inbox {
  readonly #pending = new Map<Id, Call>();
  readonly #deliver: (message: JSONRPCMessage) => void;
  #expected: Call | undefined;
  /** Whether a call was given up, whose answer may still come. */
  #hasAbandoned = false;

  constructor(deliver: (message: JSONRPCMessage) => void) {
    this.#deliver = deliver;
  }

  /** The calls that wait for an answer. */
  get pending(): readonly Call[] {
    return [...this.#pending.values()];
  }

  /** Announces the call whose request the SDK sends next: it sends within `request()`, before that returns. */
  expect(call: Call): void {
    this.#expected = call;
  }

  /** Binds the announced call to the id that the SDK gave its request. */
  bind(message: JSONRPCMessage): Call | undefined {
    if (!isRequest(message)) return undefined;
    const call = this.#expected;
    this.#expected = undefined;
    if (call !== undefined) this.#pending.set(message.id, call);
    return call;
  }

  /** Forgets a call. */
  release(message: JSONRPCMessage): void {
    if (isRequest(message) && this.#pending.delete(message.id)) this.#hasAbandoned = true;
  }

  /** Takes one message. `own` is the request on whose own stream it came: only that one can be answered there. */
  receive(message: unknown, own?: JSONRPCMessage): void {
    if (!isObject(message)) return;
    if (typeof message.method !== "string") this.#receiveAnswer(message, own);
    else if (message.method !== "notifications/progress" || !this.#receiveProgress(message)) {
      this.#deliver(message as unknown as JSONRPCMessage);
    }
  }

  #receiveAnswer(message: Fields, own: JSONRPCMessage | undefined): void {
    const answer = answerOf(message);
    const id = answer === undefined ? undefined : this.#answeredId(message, answer, own);
    const call = id === undefined ? undefined : this.#pending.get(id);
    if (answer === undefined || id === undefined || call === undefined) return;
    this.#pending.delete(id);
    // Recorded first: whatever the SDK makes of it, the caller gets what the server said.
    if (call.answered(answer)) this.#deliver(palatable(id, answer));
  }

  #answeredId({ id }: Fields, { kind }: Answer, own: JSONRPCMessage | undefined): Id | undefined {
    const ids = own === undefined ? [...this.#pending.keys()] : isRequest(own) ? [own.id] : [];
    if (id !== undefined && id !== null) return ids.find((candidate) => isSameId(candidate, id));
    // An error without an id is about a request that could not be read: where there is only one, it is that one.
    // What all requests share may bring it late, and then it can be about one that is no longer waited for.
    const isLate = own === undefined && (kind === "result" || this.#hasAbandoned);
    return ids.length === 1 && !isLate ? ids[0] : undefined;
  }

  /** Progress goes to its call directly: the SDK delivers it late, after an answer that came right behind it. */
  #receiveProgress({ params }: Fields): boolean {
    if (!isObject(params)) return false;
    const { progressToken, _meta, ...progress } = params;
    const call = this.#pending.get(progressToken as Id);
    if (call === undefined || typeof progress.progress !== "number") return false;
    call.progressed(progress as Progress);
    return true;
  }
}

/** Whether a message asks for an answer. */
export function isRequest(message: JSONRPCMessage): message is JSONRPCMessage & { id: Id; method: string } {
  return "method" in message && "id" in message;
}

/** Whether an id that came back is a request's own; some servers give a number back as a string. */
export function isSameId(own: Id, id: unknown): boolean {
  return (typeof id === "string" || typeof id === "number") && String(id) === String(own);
}

/** Whether a value is an object with fields. */
export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The JSON-RPC error in a parsed body, repaired where its fields are missing. */
export function rpcErrorOf(message: unknown): RpcError | undefined {
  if (!isObject(message) || !isObject(message.error)) return undefined;
  return message.error as unknown as RpcError;
}

function answerOf(message: Fields): Answer | undefined {
  const error = rpcErrorOf(message);
  if (error !== undefined) return { kind: "error", error };
  return "result" in message ? { kind: "result", result: message.result } : undefined;
}

/** The answer as the SDK takes it; one that its guards do not recognise would leave it waiting. */
function palatable(id: Id, answer: Answer): JSONRPCMessage {
  if (answer.kind === "error") {
    const { code, message, data } = answer.error as Partial<RpcError>;
    const safe = {
      code: Number.isSafeInteger(code) ? (code as number) : 0,
      message: typeof message === "string" ? message : "",
    };
    return { jsonrpc: "2.0", id, error: data === undefined ? safe : { ...safe, data } };
  }
  const result = isObject(answer.result) ? answer.result : {};
  const whole = { jsonrpc: "2.0", id, result } as JSONRPCMessage;
  if (!("_meta" in result) || isJSONRPCResultResponse(whole)) return whole;
  const { _meta, ...rest } = result;
  return { jsonrpc: "2.0", id, result: rest } as JSONRPCMessage;
}
