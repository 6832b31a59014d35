import { hostileCase, type HostileCase } from "./case.ts";
import { call, list } from "./scene.ts";
import { atMost, mustFail, mustNotWork } from "./verdict.ts";

const unavailable = hostileCase({
  id: "DOS-11",
  title: "503 with Retry-After to every request",
  expected: "Everything fails, and is tried three times at most.",
  async stage(scene) {
    const server = await scene.server(({ response }) => {
      response.writeHead(503, { "retry-after": "60" }).end();
      return true;
    });
    const rounds = 5;
    return {
      steps: Array.from({ length: rounds }, () => scene.visit(scene.hurried(server.url), list, call)).flat(),
      judge: (outcome) => [
        mustNotWork(outcome),
        atMost(9 * rounds, "requests", server.record.requests.length),
      ],
    };
  },
});

const brokenCalls = hostileCase({
  id: "DOS-11",
  title: "a call's stream that ends at once, to be resumed after 1 ms",
  expected: "The call fails, and the stream is resumed ten times at most.",
  async stage(scene) {
    const server = await scene.server(({ message, request, pour }) => {
      if (message.method !== "tools/call" && request.method !== "GET") return false;
      pour("text/event-stream", ["id: 1\nretry: 1\ndata: \n\n"]);
      return true;
    });
    return {
      steps: scene.visit(scene.hurried(server.url), call, { do: "wait", ms: 500 }),
      judge: (outcome) => [mustFail(outcome, "call"), atMost(10, "streams opened", streamsOf(server.record))],
    };
  },
});

const brokenStreams = hostileCase({
  id: "DOS-11",
  title: "a standalone stream that ends at once, to be opened again after 1 ms",
  expected: "It is opened ten times at most in a second.",
  eras: ["legacy"],
  async stage(scene) {
    const server = await scene.server(({ request, pour }) => {
      if (request.method !== "GET") return false;
      pour("text/event-stream", ["id: 1\nretry: 1\ndata: \n\n"]);
      return true;
    });
    return {
      steps: scene.visit(scene.target(server.url), list, { do: "wait", ms: 1_000 }),
      judge: () => [atMost(10, "streams opened", streamsOf(server.record))],
    };
  },
});

/** Cases about servers that are overloaded, or say so. */
export const overloadCases: readonly HostileCase[] = [unavailable, brokenCalls, brokenStreams];

function streamsOf({ requests }: { readonly requests: readonly { readonly method: string }[] }): number {
  return requests.filter(({ method }) => method === "GET").length;
}
