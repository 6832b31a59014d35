import { createServer, type RequestListener, type Server } from "node:http";

type Fetch = (request: Request) => Promise<Response>;

interface Adapter {
  getRequestListener(fetch: Fetch): RequestListener;
}

// Under a name that the compiler does not follow: its declarations have the types of a browser in them.
const adapter: string = "@hono/node-server";

/** Puts a Fetch handler behind Hono's adapter for Node, as hosts do. */
export async function mounted(fetch: Fetch): Promise<Server> {
  const { getRequestListener } = (await import(adapter)) as Adapter;
  return createServer(getRequestListener(fetch));
}
