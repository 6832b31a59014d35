import { getRequestListener } from "@hono/node-server";
import express from "express";
import type { Handler } from "tenantry/http";

/** Express strips the path that a middleware is mounted at, which the handler does not mind. */
export function mountOnExpress(handler: Handler) {
  const app = express();
  app.use("/tenantry", getRequestListener(handler, { overrideGlobalObjects: false }));
  return app;
}
