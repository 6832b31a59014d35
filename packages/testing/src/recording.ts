import type { IncomingMessage, ServerResponse } from "node:http";
import { TenantryError, type Clock } from "@tenantry/core";

/** One HTTP request as it arrived, before anything was decided about it. */
export interface RecordedRequest {
  /** When its head arrived, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** The HTTP method. */
  readonly method: string;
  /** The path with its query. */
  readonly path: string;
  /** The headers, names in lower case; several of one name are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** The `Mcp-Session-Id` that it named. */
  readonly sessionId: string | undefined;
  /** The user that its key belonged to at that time. */
  readonly user: string | undefined;
  /** The JSON-RPC method of its body; `undefined` until the body is there, and where there is none. */
  readonly rpc: string | undefined;
  /** The tool that it calls. */
  readonly tool: string | undefined;
  /** The body: parsed where it is JSON, else its text; `undefined` where there is none. */
  readonly body: unknown;
  /** The HTTP status that it was answered with; `undefined` as long as it is not. */
  readonly status: number | undefined;
}

/** A request that waits for its answer. */
export interface Exchange {
  readonly record: { status: number | undefined };
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** A request on its way in, with what only the server itself may change or read. */
export interface Arrival extends Exchange {
  readonly record: { -readonly [K in keyof RecordedRequest]: RecordedRequest[K] };
  /** The body's bytes, as sent. */
  readonly bytes: Buffer;
}

/** The list of everything that arrived, in order. */
export class Recording {
  readonly requests: RecordedRequest[] = [];
  readonly #clock: Clock;
  readonly #userOf: (headers: Readonly<Record<string, string>>) => string | undefined;

  constructor(clock: Clock, userOf: (headers: Readonly<Record<string, string>>) => string | undefined) {
    this.#clock = clock;
    this.#userOf = userOf;
  }

  /** Lists the request at once and reads its body; rejects with `LIMIT_EXCEEDED` past 16 MiB, or where the client leaves. */
  async receive(request: IncomingMessage, response: ServerResponse): Promise<Arrival> {
    const headers = plainHeaders(request);
    const record: Arrival["record"] = {
      at: this.#clock.now(),
      method: request.method ?? "GET",
      path: request.url ?? "/",
      headers,
      sessionId: headers["mcp-session-id"],
      user: this.#userOf(headers),
      rpc: undefined,
      tool: undefined,
      body: undefined,
      status: undefined,
    };
    this.requests.push(record);
    response.once("close", () => {
      if (response.headersSent) record.status ??= response.statusCode;
    });
    const bytes = await readBody(request);
    Object.assign(record, describeBody(bytes));
    return { record, bytes, request, response };
  }
}

const maxBodyBytes = 16 * 1024 * 1024;

/** The headers of a request, names in lower case; several of one name are joined by a comma. */
export function plainHeaders(request: IncomingMessage): Readonly<Record<string, string>> {
  const entries = Object.entries(request.headersDistinct).map(([name, values]) => [
    name,
    values?.join(", ") ?? "",
  ]);
  return Object.freeze(Object.fromEntries(entries));
}

/** The body of a request; rejects with `LIMIT_EXCEEDED` past 16 MiB, or where the client leaves. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) {
      throw new TenantryError(
        "LIMIT_EXCEEDED",
        `A request's body has over ${maxBodyBytes} bytes; send a smaller one.`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function describeBody(bytes: Buffer): Pick<RecordedRequest, "rpc" | "tool" | "body"> {
  if (bytes.length === 0) return { rpc: undefined, tool: undefined, body: undefined };
  const text = bytes.toString("utf8");
  try {
    const body: unknown = JSON.parse(text);
    return { ...describeMessage(body), body };
  } catch {
    return { rpc: undefined, tool: undefined, body: text };
  }
}

/** The JSON-RPC method of a message, and the tool where it calls one. */
export function describeMessage(message: unknown): {
  readonly rpc: string | undefined;
  readonly tool: string | undefined;
} {
  const { method, params } = (message ?? {}) as { method?: unknown; params?: { name?: unknown } };
  const rpc = typeof method === "string" ? method : undefined;
  const tool = rpc === "tools/call" && typeof params?.name === "string" ? params.name : undefined;
  return { rpc, tool };
}
