import { Hono } from "hono";
import type { Handler } from "tenantry/http";

/** Hono's requests are the platform's own. */
export function mountOnHono(handler: Handler) {
  const app = new Hono();
  app.get("/tenantry/*", (c) => handler(c.req.raw));
  return app;
}
