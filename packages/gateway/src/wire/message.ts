/** An object as it came: what its fields hold is the sender's choice. */
export type Fields = Readonly<Record<string, unknown>>;
/** The id of a request. */
export type Id = string | number;

/** One message of a client, as JSON-RPC 2.0 has them. */
export type Incoming =
  | { readonly kind: "request"; readonly id: Id; readonly method: string; readonly params: Fields }
  | { readonly kind: "notification"; readonly method: string; readonly params: Fields }
  | { readonly kind: "answer"; readonly id: Id; readonly result: unknown; readonly error: unknown }
  | { readonly kind: "malformed"; readonly id: Id | null; readonly why: string };

const maxIdCharacters = 256;

/** Whether a value is an object with fields. */
export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Tells what a body's JSON is. Several messages in a list are none: revision 2025-06-18 took batches away. */
export function messageOf(json: unknown): Incoming {
  if (Array.isArray(json)) return malformed(null, "A request has one message; batches are not taken.");
  if (!isObject(json)) return malformed(null, "A message is an object.");
  const { jsonrpc, id, method, params = {} } = json;
  const own = isId(id) ? id : null;
  if (jsonrpc !== "2.0") return malformed(own, 'A message says "jsonrpc": "2.0".');
  if (id !== undefined && own === null) return malformed(null, "An id is text or a number.");
  if (method === undefined) return answerOf(json, own);
  if (typeof method !== "string") return malformed(own, "A method is text.");
  if (!isObject(params)) return malformed(own, "The params of a message are an object.");
  return own === null
    ? { kind: "notification", method, params }
    : { kind: "request", id: own, method, params };
}

function answerOf({ result, error }: Fields, id: Id | null): Incoming {
  const isOne = (result === undefined) !== (error === undefined);
  if (id === null || !isOne)
    return malformed(id, "A message has a method, or an id with a result or an error.");
  return { kind: "answer", id, result, error };
}

function isId(id: unknown): id is Id {
  // A greater number would come back as another one.
  return typeof id === "string"
    ? id.length <= maxIdCharacters
    : typeof id === "number" && Math.abs(id) <= Number.MAX_SAFE_INTEGER;
}

function malformed(id: Id | null, why: string): Incoming {
  return { kind: "malformed", id, why };
}
