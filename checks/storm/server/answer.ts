import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** In which form a server answers where both are allowed. */
export type Style = "json" | "sse";

/** What a server has to say. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A JSON-RPC response; absent where there is nothing to say. */
  readonly body?: object;
}

/** An answer that is no result. */
export function refusal(status: number, message: string, headers: Answer["headers"] = {}): Answer {
  return { status, headers, body: { jsonrpc: "2.0", error: { code: -32_000, message }, id: null } };
}

/** Sends an answer as it should be. */
export function send(response: ServerResponse, answer: Answer, style: Style = "json"): void {
  response.writeHead(answer.status, headersOf(answer, style)).end(textOf(answer, style));
}

/** What can become of an answer on its way. */
export interface SpoiltWeather {
  readonly fault: "reset in mid-answer" | "truncated answer" | "slow drip";
  /** How much of it gets through, or how slowly, from 0 to 1. */
  readonly force: number;
}

/** Sends an answer that does not come through as it should. */
export async function sendSpoilt(
  response: ServerResponse,
  answer: Answer,
  style: Style,
  { fault, force }: SpoiltWeather,
): Promise<void> {
  const text = textOf(answer, style);
  const part = text.slice(0, Math.floor(text.length * force));
  const headers = headersOf(answer, style);
  switch (fault) {
    case "reset in mid-answer":
      response.writeHead(answer.status, { ...headers, "content-length": text.length });
      response.write(part === "" ? " " : part, () => response.socket?.resetAndDestroy());
      return;
    case "truncated answer":
      response.writeHead(answer.status, headers).end(part);
      return;
    case "slow drip":
      response.writeHead(answer.status, headers);
      return drip(response, text, maxDripMs * force);
  }
}

/** A drip takes up to this long, in milliseconds: some are over in time, and some are not. */
const maxDripMs = 2_500;
const pieces = 20;

async function drip(response: ServerResponse, text: string, totalMs: number): Promise<void> {
  const size = Math.ceil(text.length / pieces);
  for (let start = 0; start < text.length && !response.destroyed; start += size) {
    response.write(text.slice(start, start + size));
    await sleep(totalMs / pieces);
  }
  response.end();
}

function headersOf({ headers, body }: Answer, style: Style): Record<string, string> {
  const type = style === "json" ? "application/json" : "text/event-stream";
  return { ...headers, ...(body !== undefined && { "content-type": type }) };
}

function textOf({ body }: Answer, style: Style): string {
  if (body === undefined) return "";
  const json = JSON.stringify(body);
  return style === "json" ? json : `event: message\ndata: ${json}\n\n`;
}
