import { createBrotliCompress, createGzip, constants } from "node:zlib";
import { hostileCase, type HostileCase } from "./case.ts";
import { politeResult } from "./polite.ts";
import { call, list, type Scene } from "./scene.ts";
import type { WireMessage } from "./stage.ts";
import { atMost, mustFail, mustNotWork } from "./verdict.ts";

const json = "application/json";
const eventStream = "text/event-stream";

interface Flood {
  readonly id: string;
  readonly title: string;
  readonly type: string;
  /** The whole answer, valid where somebody reads it to its end. */
  readonly pieces: (message: WireMessage, bytes: number) => Iterable<string>;
  readonly status?: number;
  /** Defaults to the one for messages; what is skipped unread need not count as one. */
  readonly bound?: "maxMessageBytes" | "maxStreamBytes";
}

const floods: readonly Flood[] = [
  { id: "DOS-01", title: "a JSON answer of 300 MB", type: json, pieces: jsonAnswer },
  { id: "DOS-01", title: "an error page of 300 MB", type: json, pieces: jsonAnswer, status: 500 },
  { id: "DOS-02", title: "an event of 300 MB in one line", type: eventStream, pieces: oneLine },
  { id: "DOS-02", title: "an event of 300 MB in many lines", type: eventStream, pieces: manyLines },
  {
    id: "DOS-02",
    title: "a field name of 300 MB",
    type: eventStream,
    pieces: fieldName,
    bound: "maxStreamBytes",
  },
];

/** Cases about bodies that are too large. */
export const bodyCases: readonly HostileCase[] = [
  ...floods.map(flood),
  hugeHandshake(),
  ...(["gzip", "br", "gzip, gzip"] as const).map(bomb),
];

function flood({ id, title, type, pieces, status = 200, bound }: Flood): HostileCase {
  return hostileCase({
    id,
    title,
    expected: "The call fails when the bound is passed, and the exchange is ended then.",
    async stage(scene) {
      const server = await scene.server((exchange) => {
        if (exchange.message.method !== "tools/call") return false;
        exchange.response.statusCode = status;
        exchange.pour(type, pieces(exchange.message, scene.size.floodBytes));
        return true;
      });
      return {
        steps: scene.visit(scene.target(server.url), call),
        judge: (outcome) => [mustFail(outcome, "call"), sentTooMuch(scene, server.record.sentBytes, bound)],
      };
    },
  });
}

function hugeHandshake(): HostileCase {
  return hostileCase({
    id: "DOS-01",
    title: "300 MB in answer to everything, the handshake included",
    expected: "Opening fails, or the first request does, when the bound is passed.",
    async stage(scene) {
      const server = await scene.server((exchange) => {
        if (exchange.message.id === undefined) return false;
        exchange.pour(json, jsonAnswer(exchange.message, scene.size.floodBytes));
        return true;
      });
      return {
        steps: scene.visit(scene.target(server.url), list),
        judge: (outcome) => [mustNotWork(outcome), sentTooMuch(scene, server.record.sentBytes)],
      };
    },
  });
}

/** A bomb is small on its way, so that only what is decoded can be bounded. */
function bomb(coding: "gzip" | "br" | "gzip, gzip"): HostileCase {
  return hostileCase({
    id: "DOS-03",
    title: `300 MB of JSON in ${coding}`,
    expected: "The call fails, at the latest when the decoded bytes pass the bound.",
    async stage(scene) {
      const server = await scene.server(({ message, pour }) => {
        if (message.method !== "tools/call") return false;
        const through = coding.split(", ").map((one) => (one === "br" ? brotli() : createGzip({ level: 1 })));
        pour(json, jsonAnswer(message, scene.size.floodBytes), {
          headers: { "content-encoding": coding },
          through,
        });
        return true;
      });
      return {
        steps: scene.visit(scene.target(server.url), call),
        judge: (outcome) => [mustFail(outcome, "call")],
      };
    },
  });
}

function brotli() {
  return createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
}

/** What one message's bound and both systems' socket buffers hold may have been sent. */
function sentTooMuch(
  { size }: Scene,
  sentBytes: number,
  bound: "maxMessageBytes" | "maxStreamBytes" = "maxMessageBytes",
): string | undefined {
  return atMost(2 * size.limits[bound] + socketBuffersBytes, "bytes sent", sentBytes);
}

const socketBuffersBytes = 12 * 1024 * 1024;
const block = "a".repeat(64 * 1024);

/** Text of so many bytes, in blocks. */
function* text(bytes: number, piece = block): Iterable<string> {
  for (let sent = 0; sent < bytes; sent += piece.length) yield piece;
}

/** A polite answer with one member more, which is too long. */
function* jsonAnswer({ id, method = "" }: WireMessage, bytes: number): Iterable<string> {
  const result = JSON.stringify(politeResult(method)).slice(0, -1);
  yield `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result},"instructions":"`;
  yield* text(bytes);
  yield `"}}`;
}

function* oneLine(message: WireMessage, bytes: number): Iterable<string> {
  yield "event: message\ndata: ";
  yield* jsonAnswer(message, bytes);
  yield "\n\n";
}

function* manyLines({ id }: WireMessage, bytes: number): Iterable<string> {
  yield `data: {"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"resultType":"complete","content":[{"type":"text","text":""}`;
  yield* text(bytes, `\ndata: ${" ".repeat(4_096)}`);
  yield "\ndata: ]}}\n\n";
}

function* fieldName(message: WireMessage, bytes: number): Iterable<string> {
  yield* text(bytes);
  yield "\n";
  yield* oneLine(message, 1);
}
