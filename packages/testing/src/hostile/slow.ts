import { hostileCase, type HostileCase } from "./case.ts";
import { call, list } from "./scene.ts";
import type { Exchange } from "./stage.ts";
import { mustFail, mustLetGo, mustNotWork } from "./verdict.ts";

const headBytes = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-slow: ";

/** How a server puts its answer off: what it writes at once, and what it writes again and again. */
interface Drip {
  readonly title: string;
  readonly head?: string;
  drop(exchange: Exchange, count: number): string;
}

const drips: readonly Drip[] = [
  {
    title: "headers that come byte by byte",
    drop: (_, count) => headBytes[count] ?? "a",
  },
  {
    title: "a body that comes byte by byte",
    head: "application/json",
    drop: ({ message }, count) =>
      `{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":{"a":"`[count] ?? "a",
  },
  {
    title: "comments without an end",
    head: "text/event-stream",
    drop: () => ": still there\n\n",
  },
  {
    title: "progress without an end",
    head: "text/event-stream",
    drop: ({ message }, count) => `data: ${JSON.stringify(progress(message, count))}\n\n`,
  },
];

const calls = drips.map(({ title, head, drop }) =>
  hostileCase({
    id: "DOS-05",
    title,
    expected: "The call fails at its deadline, which nothing extends, and its exchange is ended.",
    async stage(scene) {
      const server = await scene.server((exchange) => {
        if (exchange.message.method !== "tools/call") return false;
        drip(exchange, head, scene.size.dripMs, (count) => drop(exchange, count));
        return true;
      });
      return {
        steps: scene.visit(scene.hurried(server.url), call, { do: "wait", ms: 400 }),
        judge: (outcome) => [mustFail(outcome, "call"), mustLetGo(outcome, server.record, "tools/call")],
      };
    },
  }),
);

const everything = hostileCase({
  id: "DOS-05",
  title: "everything byte by byte, the handshake and DELETE included",
  expected: "Opening or the first request fails at its deadline, and closing ends in time.",
  async stage(scene) {
    const server = await scene.server((exchange) => {
      drip(exchange, undefined, scene.size.dripMs, (count) => headBytes[count] ?? "a");
      return true;
    });
    return {
      steps: scene.visit(scene.hurriedFromTheStart(server.url), list),
      judge: (outcome) => [mustNotWork(outcome)],
    };
  },
});

const noEndpoint = hostileCase({
  id: "DOS-06",
  title: "HTTP+SSE without an endpoint event",
  expected: "Opening fails at its deadline.",
  eras: ["legacy"],
  async stage(scene) {
    const server = await scene.server((exchange) => {
      const { request, response } = exchange;
      if (request.method === "GET")
        drip(exchange, "text/event-stream", scene.size.dripMs, () => ": soon\n\n");
      else response.writeHead(405).end();
      return true;
    });
    return {
      steps: scene.visit(scene.hurriedFromTheStart(server.url, { transport: "sse" }), list),
      judge: (outcome) => [mustNotWork(outcome)],
    };
  },
});

const endlessEndpoint = hostileCase({
  id: "DOS-06",
  title: "HTTP+SSE with an endpoint event of 300 MB",
  expected: "Opening fails when the bound is passed.",
  eras: ["legacy"],
  async stage(scene) {
    const { floodBytes } = scene.size;
    const server = await scene.server(({ request, response, pour }) => {
      if (request.method === "GET") pour("text/event-stream", endpointOf(floodBytes));
      else if (request.url === "/messages") return false;
      else response.writeHead(405).end();
      return true;
    });
    return {
      steps: scene.visit(scene.target(server.url, { transport: "sse" }), list),
      judge: (outcome) => [mustNotWork(outcome)],
    };
  },
});

/** Cases about servers that take their time. */
export const slowCases: readonly HostileCase[] = [...calls, everything, noEndpoint, endlessEndpoint];

function drip(
  exchange: Exchange,
  type: string | undefined,
  everyMs: number,
  drop: (count: number) => string,
) {
  const { request, response } = exchange;
  // Headers that are not whole can only be written beneath HTTP.
  const out = type === undefined ? request.socket : response;
  if (type !== undefined) response.writeHead(200, { "content-type": type }).flushHeaders();
  let count = 0;
  const timer = setInterval(() => out.write(drop(count++)), everyMs);
  response.once("close", () => clearInterval(timer));
}

function progress({ params }: Exchange["message"], count: number) {
  const progressToken = params?._meta?.["progressToken"] ?? 0;
  return { jsonrpc: "2.0", method: "notifications/progress", params: { progressToken, progress: count } };
}

/** The endpoint is short; what is too long is the event's id. */
function* endpointOf(bytes: number): Iterable<string> {
  const block = "a".repeat(64 * 1024);
  yield "event: endpoint\ndata: /messages\nid: ";
  for (let sent = 0; sent < bytes; sent += block.length) yield block;
  yield "\n\n";
}
