import type { RpcError } from "@tenantry/core";

/** An object as it came: what its fields hold is the sender's choice. */
export type Fields = Readonly<Record<string, unknown>>;
/** The id of a request. */
export type Id = string | number;

/** One request as it is sent (JSON-RPC 2.0). */
export interface RequestMessage {
  readonly jsonrpc: "2.0";
  readonly id: Id;
  readonly method: string;
  readonly params?: Fields;
}

/** One message that nobody answers. */
export interface NotificationMessage {
  readonly jsonrpc: "2.0";
  readonly method: string;
  readonly params?: Fields;
}

/** The answer to a request. */
export type ReplyMessage =
  | { readonly jsonrpc: "2.0"; readonly id: Id; readonly result: unknown }
  | { readonly jsonrpc: "2.0"; readonly id: Id; readonly error: RpcError };

/** What a server says of its own accord: a request where it has an id, else a notification. */
export interface ServerMessage {
  readonly jsonrpc?: unknown;
  readonly id?: unknown;
  readonly method: string;
  readonly params?: unknown;
}

/** What a server answered, as it came. */
export type Answer =
  | { readonly kind: "result"; readonly result: unknown }
  | { readonly kind: "error"; readonly error: RpcError };

/** Whether a value is an object with fields. */
export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether an id that came back is a request's own; some servers give a number back as a string. */
export function isSameId(own: Id, id: unknown): boolean {
  return own === id || ((typeof id === "string" || typeof id === "number") && String(id) === String(own));
}

/** Whether a message is something that a server says of its own accord. */
export function isServerMessage(message: Fields): message is Fields & ServerMessage {
  return typeof message.method === "string";
}

/** The answer in a message; `undefined` where it is none. */
export function answerOf(message: Fields): Answer | undefined {
  const error = rpcErrorOf(message);
  if (error !== undefined) return { kind: "error", error };
  return "result" in message ? { kind: "result", result: message.result } : undefined;
}

/** The JSON-RPC error in a parsed body. */
export function rpcErrorOf(message: unknown): RpcError | undefined {
  if (!isObject(message) || !isObject(message.error)) return undefined;
  return message.error as unknown as RpcError;
}
