// What no client can do without: a request, and the parsing of its answer.
import { authorizationOf, call, nothing, type Host, type Variant } from "./variant.ts";

/** What every other variant is divided by: `Pool.request` of undici and `JSON.parse`. */
export const floor: Variant = {
  name: "undici Pool.request + JSON.parse",
  kind: "floor",
  async start(): Promise<Host> {
    // Undici's entry takes the place of the dispatcher that Node's own `fetch` has not yet made, and the stock clients
    // would be measured with another undici than theirs; so that one is made first.
    await fetch("data:,");
    const { Pool } = await import("undici");
    const pools = new Map<string, InstanceType<typeof Pool>>();
    return {
      async open({ origin, pathname: path }, bearerToken) {
        const headers = headersOf(bearerToken);
        const pool = pools.get(origin) ?? new Pool(origin);
        pools.set(origin, pool);
        return {
          async call() {
            const response = await pool.request({ path, method: "POST", headers, body: message() });
            const type = response.headers["content-type"];
            return resultOf(String(type), await response.body.text());
          },
          close: nothing,
        };
      },
      close: () => Promise.all([...pools.values()].map((pool) => pool.close())),
    };
  },
};

/** Node's own `fetch`, which is what the stock clients send their calls with. */
export const bareFetch: Variant = {
  name: "bare fetch + JSON.parse",
  kind: "fetch",
  start: async () => ({
    async open(url, bearerToken) {
      const headers = headersOf(bearerToken);
      return {
        async call() {
          const response = await fetch(url, { method: "POST", headers, body: message() });
          return resultOf(response.headers.get("content-type") ?? "", await response.text());
        },
        close: nothing,
      };
    },
    close: nothing,
  }),
};

function headersOf(bearerToken: string | undefined) {
  return {
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
    authorization: authorizationOf(bearerToken),
    "mcp-protocol-version": "2025-11-25",
  };
}

function message(): string {
  return JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: call });
}

/** Takes the message out of the stream's only event, as simply as that can be done. */
function resultOf(type: string, text: string): unknown {
  const json =
    type === "text/event-stream" ? text.slice(text.indexOf("data: ") + 6, text.indexOf("\n\n")) : text;
  return (JSON.parse(json) as { result: unknown }).result;
}
