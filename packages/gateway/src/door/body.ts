import { outgrows, withDeadline, type Clock } from "@tenantry/core";
import type { GatewayLimits } from "../limits.ts";

/** A body that is not read. */
interface UnreadBody {
  readonly status: 400 | 408 | 413 | 415 | 429;
  readonly code: -32_700 | -32_600 | -32_000;
  readonly message: string;
}

/** What a body came to. */
export type Body = { readonly json: unknown } | { readonly unread: UnreadBody };

type BodyLimits = Pick<GatewayLimits, "maxBodyBytes" | "bodyTimeoutMs" | "maxDepth">;

/** Reads a request's body as JSON, within its bounds. */
export async function readBody(request: Request, limits: BodyLimits, clock: Clock): Promise<Body> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/json\s*(?:;|$)/iu.test(type))
    return unread(415, -32_600, "The body of a request is application/json.");
  if (Number(request.headers.get("content-length") ?? 0) > limits.maxBodyBytes) return tooLarge;
  let text: string | undefined;
  try {
    text = await withDeadline(
      { clock, timeoutMs: limits.bodyTimeoutMs, signal: request.signal, expired: () => late },
      (signal) => read(request, limits.maxBodyBytes, signal),
    );
  } catch (failure) {
    return failure === late
      ? unread(408, -32_600, "The body of the request took too long.")
      : unread(400, -32_700, "The body of the request could not be read.");
  }
  if (text === undefined) return tooLarge;
  // What a few megabytes of text come to in memory is bounded by what they may nest and hold.
  if (outgrows(text, { maxDepth: limits.maxDepth, maxBytes: 8 * limits.maxBodyBytes }) !== undefined)
    return unread(400, -32_600, "The message nests too deep or holds too much.");
  try {
    return { json: JSON.parse(text) as unknown };
  } catch {
    return unread(400, -32_700, "The body of the request is no JSON.");
  }
}

/** Gives the body's text; `undefined` where it is too large. */
async function read(request: Request, maxBytes: number, signal: AbortSignal): Promise<string | undefined> {
  // What says its length beforehand is held to it by whoever speaks HTTP here, and is read in one piece.
  if (request.headers.has("content-length")) {
    const whole = await request.text();
    return whole.length > maxBytes ? undefined : whole;
  }
  if (request.body === null) return "";
  const reader = request.body.getReader();
  const leave = () => void reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener("abort", leave, { once: true });
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > maxBytes) {
      leave();
      return undefined;
    }
    text += decoder.decode(value, { stream: true });
  }
}

function unread(status: UnreadBody["status"], code: UnreadBody["code"], message: string): Body {
  return { unread: { status, code, message } };
}

/** What is not read because its sender has too many others on their way. */
export const tooMany = unread(429, -32_000, "Too many requests are under way.");
const late = Symbol("late");
const tooLarge = unread(413, -32_600, "The body of the request is too large.");
