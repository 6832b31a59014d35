import { hostileCase, type HostileCase } from "./case.ts";
import { call, list } from "./scene.ts";
import type { Exchange } from "./stage.ts";
import { mustFail, mustNotReach, mustNotWork, mustSucceed } from "./verdict.ts";

const statuses = Object.freeze([301, 302, 303, 307, 308]);

/** Whatever a client sends with each request, and nobody but the server may see. */
const secrets = Object.freeze({
  authorization: "Bearer secret-of-ada",
  "x-api-key": "key-of-ada",
  cookie: "session=ada",
});

const requests = hostileCase({
  id: "NET-07",
  title: "redirects of calls, streams and DELETE to another origin",
  expected: "No redirect is followed: nothing at all reaches the other origin.",
  async stage(scene) {
    const other = await scene.server(undefined, "other");
    let calls = 0;
    const server = await scene.server((exchange) => {
      const { message, request } = exchange;
      if (message.method === "tools/call")
        return redirect(exchange, other.url, statuses[calls++ % statuses.length]);
      return request.method !== "POST" && redirect(exchange, other.url, 307);
    });
    return {
      steps: scene.visit(scene.target(server.url, { headers: secrets }), list, ...statuses.map(() => call)),
      judge: (outcome) => [
        mustNotReach("The other origin", other.record),
        mustSucceed(outcome, "list"),
        mustFail(outcome, "call"),
      ],
    };
  },
});

const handshakes = hostileCase({
  id: "NET-07",
  title: "redirects of everything, the handshake included, to another origin",
  expected: "No redirect is followed: nothing at all reaches the other origin.",
  async stage(scene) {
    const other = await scene.server(undefined, "other");
    const servers = await Promise.all(
      statuses.map((status) =>
        scene.server((exchange) => redirect(exchange, other.url, status), `server ${status}`),
      ),
    );
    const steps = servers.flatMap(({ url }) => scene.visit(scene.target(url, { headers: secrets }), list));
    return {
      steps,
      judge: (outcome) => [mustNotReach("The other origin", other.record), mustNotWork(outcome)],
    };
  },
});

const endpointEvent = hostileCase({
  id: "NET-07",
  title: "an endpoint event that names another origin",
  expected: "Opening fails, and nothing at all reaches the other origin.",
  eras: ["legacy"],
  async stage(scene) {
    const other = await scene.server(undefined, "other");
    const server = await scene.server(({ request, response }) => {
      if (request.method !== "GET") response.writeHead(405).end();
      else
        response
          .writeHead(200, { "content-type": "text/event-stream" })
          .write(`event: endpoint\ndata: ${other.url}\n\n`);
      return true;
    });
    const target = scene.target(server.url, { transport: "sse", headers: secrets });
    return {
      steps: scene.visit(target, list),
      judge: (outcome) => [mustNotReach("The other origin", other.record), mustNotWork(outcome)],
    };
  },
});

const proxies = hostileCase({
  id: "NET-09",
  title: "proxy variables in the environment",
  expected: "They are ignored: the server is reached directly, and the proxy not at all.",
  async stage(scene) {
    const proxy = await scene.server(({ response }) => {
      response.writeHead(502).end();
      return true;
    }, "proxy");
    const server = await scene.server();
    const names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    const url = `http://127.0.0.1:${proxy.port}`;
    return {
      steps: scene.visit(scene.target(server.url), list, call),
      // Node's own clients read the others where this one says so.
      env: { ...Object.fromEntries(names.map((name) => [name, url])), NODE_USE_ENV_PROXY: "1" },
      judge: (outcome) => [
        mustNotReach("The proxy", proxy.record),
        mustSucceed(outcome, "list"),
        mustSucceed(outcome, "call"),
      ],
    };
  },
});

/** Cases about servers that send a client elsewhere. */
export const redirectCases: readonly HostileCase[] = [requests, handshakes, endpointEvent, proxies];

function redirect({ response }: Exchange, location: string, status = 307): boolean {
  response.writeHead(status, { location }).end();
  return true;
}
