import fastify from "fastify";
import type { Handler } from "tenantry/http";

/** Fastify has requests and replies of its own; the platform's are made of them and turned back. */
export function mountOnFastify(handler: Handler) {
  const app = fastify();
  app.get("/tenantry/*", async (request, reply) => {
    // Whoever sends the request chooses its host; only the path and the query count here.
    const url = new URL(request.url, "http://localhost");
    const headers = Object.entries(request.headers).map(
      ([name, value]) => [name, String(value)] as [string, string],
    );
    const response = await handler(new Request(url, { method: request.method, headers }));
    return reply
      .code(response.status)
      .headers(Object.fromEntries(response.headers))
      .send(await response.text());
  });
  return app;
}
