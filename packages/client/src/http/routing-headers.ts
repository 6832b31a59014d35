import { modernVersion } from "../envelope.ts";
import type { Fields } from "../message.ts";

/** The headers of a request without secrets. */
export type PlainHeaders = Readonly<Record<string, string>>;

/** What every POST says of itself (MCP, Streamable HTTP). */
export const posting = Object.freeze({
  accept: "application/json, text/event-stream",
  "content-type": "application/json",
});

/** How many are kept ready. */
const maxReady = 1_000;
/** Longer names are rare, and dear to keep. */
const maxNameLength = 256;

/**
 * The headers of modern requests, by which an intermediary routes without reading the body (MCP 2026-07-28, Streamable
 * HTTP, standard headers). They are the same for everybody who calls one tool, so that they are made and checked once.
 */
export class RoutingHeaders {
  readonly #ready = new Map<string, PlainHeaders>();

  /** The headers for one request; frozen, and the same object for the same request. */
  of(method: string, params: Fields | undefined): PlainHeaders {
    const name = nameOf(method, params);
    // Only methods of one word have a name; any other text is a method as a whole.
    const key = name === undefined ? `-${method}` : `+${method} ${name}`;
    const ready = this.#ready.get(key);
    if (ready !== undefined) return ready;
    const made = Object.freeze({
      ...posting,
      "mcp-protocol-version": modernVersion,
      "mcp-method": method,
      ...(name !== undefined && { "mcp-name": routingValue(name) }),
    });
    // What a resource is called can be one person's own affair.
    if (key.length <= maxNameLength && method !== "resources/read") this.#keep(key, made);
    return made;
  }

  #keep(key: string, made: PlainHeaders): void {
    if (this.#ready.size >= maxReady) this.#ready.clear();
    this.#ready.set(key, made);
  }
}

/** What a request is about, where it is about one named thing. */
function nameOf(method: string, params: Fields | undefined): string | undefined {
  const name = named.has(method) ? params?.name : method === "resources/read" ? params?.uri : undefined;
  return typeof name === "string" ? name : undefined;
}

const named: ReadonlySet<string> = new Set(["tools/call", "prompts/get"]);

const sentinel = /^=\?base64\?.*\?=$/u;
const plain = /^[\t\u0020-\u007e]+$/u;

/** A value for a routing header, base64 within a sentinel where a header could not carry it (MCP 2026-07-28, SEP-2243). */
export function routingValue(text: string): string {
  if (plain.test(text) && text === text.trim() && !sentinel.test(text)) return text;
  const bytes = new TextEncoder().encode(text.toWellFormed());
  return `=?base64?${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))}?=`;
}
