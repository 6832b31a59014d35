import {
  quote,
  TenantryError,
  withDeadline,
  type Delivery,
  type Method,
  type Params,
  type RequestOptions,
  type Result,
} from "@tenantry/core";
import type { ConnectionCheck } from "../guards/read-guard.ts";
import { runAt, type Route, type Routing } from "../routing.ts";

/** One request that only reads, at one server. */
export interface ServerRequest<M extends Method> {
  readonly method: M;
  readonly params: Params<M>;
  readonly options: RequestOptions;
  /** For the whole of it, connecting included. */
  readonly timeoutMs: number;
  /** What has to be looked at on the connection first. */
  readonly check?: ConnectionCheck | undefined;
}

/** Makes a request that does no harm when it is made twice: it is sent again where it may not have arrived. */
export function askServer<M extends Method>(
  { pool, clock, catalog }: Routing,
  route: Route,
  { method, params, options, timeoutMs, check }: ServerRequest<M>,
): Promise<Result<M>> {
  const { target } = route;
  let delivery: Delivery = "unsent";
  const expired = () => {
    const server = target.server.id;
    const message = `The server ${quote(server)} did not answer ${method} within ${timeoutMs} ms; ask again later or allow more.`;
    return new TenantryError("TIMEOUT", message, { server, delivery, retryable: true });
  };
  const deadline = { keepAlive: true, clock, timeoutMs, signal: options.signal, expired };
  const answered = withDeadline(deadline, (signal) =>
    runAt(
      pool,
      route,
      async (connection) => {
        await check?.(connection, signal);
        delivery = "unknown";
        // The signal is the deadline of the whole request.
        return connection.request(method, params, { ...options, signal, timeoutMs: Infinity });
      },
      { signal, resend: "safe" },
    ),
  );
  return catalog.heed(route, answered);
}
