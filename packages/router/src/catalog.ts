import {
  quote,
  TenantryError,
  type CatalogTool,
  type Delivery,
  type ListOptions,
  type ServerId,
  type ServerStatus,
  type ToolListing,
  withDeadline,
} from "@tenantry/core";
import { checkOptions } from "./request-options.ts";
import type { Route, Routing } from "./routing.ts";
import type { ServerListing } from "./server-listing.ts";

/** What one server said, or why it said nothing. */
export type Answer =
  | { readonly server: ServerId; readonly tools: readonly CatalogTool[] }
  | { readonly server: ServerId; readonly error: TenantryError };

/** How each server is reached, or why it is not. */
export type RouteOf = (listing: ServerListing) => Route | TenantryError;

/**
 * Asks every server for its tools at the same time, each with a deadline of its own, and gives their answers in the
 * order of the definitions. It throws for the caller's own doing only: an abort, or a malformed option.
 */
export async function askAll(
  routing: Routing,
  routeOf: RouteOf,
  options: ListOptions,
): Promise<readonly Answer[]> {
  const { signal, timeoutMs = routing.limits.listTimeoutMs } = checkOptions(options);
  signal?.throwIfAborted();
  const answers = await Promise.all(
    routing.listings.map(async (listing): Promise<Answer> => {
      const server = listing.server.ref.id;
      try {
        const route = routeOf(listing);
        if (route instanceof TenantryError) return { server, error: route };
        return { server, tools: await askOne(routing, listing, route, { signal, timeoutMs }) };
      } catch (failure) {
        return { server, error: reasonOf(failure, server) };
      }
    }),
  );
  signal?.throwIfAborted();
  return answers;
}

/** Every tool of the servers that answered, and the servers that did not. */
export function listingOf(answers: readonly Answer[]): ToolListing {
  return {
    tools: answers.flatMap((answer) => ("tools" in answer ? answer.tools : [])),
    unavailable: answers.filter((answer) => "error" in answer),
  };
}

/** How a server is, judged by its answer. */
export function statusOf(answer: Answer): ServerStatus {
  const { server } = answer;
  if ("tools" in answer) return { server, status: "ready", tools: answer.tools.length };
  const { error } = answer;
  switch (error.code) {
    case "AUTHORIZATION_REQUIRED":
    case "UNAUTHORIZED":
    case "CREDENTIAL_MISSING": {
      const status = "needs_authorization";
      return error.authorizationUrl
        ? { server, status, error, url: error.authorizationUrl }
        : { server, status, error };
    }
    default:
      return { server, status: "unavailable", error };
  }
}

function askOne(
  { pool, clock }: Routing,
  listing: ServerListing,
  { target, context, principal }: Route,
  { signal: caller, timeoutMs }: { readonly signal: AbortSignal | undefined; readonly timeoutMs: number },
): Promise<readonly CatalogTool[]> {
  let delivery: Delivery = "unsent";
  const expired = () => listTimeout(target.server.id, timeoutMs, delivery);
  return withDeadline({ keepAlive: true, clock, timeoutMs, signal: caller, expired }, (signal) =>
    pool.run(
      target,
      (connection) => {
        delivery = "unknown";
        return listing.tools(connection, signal);
      },
      { context, principal, signal, resend: "safe" },
    ),
  );
}

/** A list does no harm when it is asked for again, so its time-out is worth another try wherever it happened. */
export function listTimeout(server: ServerId, timeoutMs: number, delivery: Delivery): TenantryError {
  const message = `The server ${quote(server)} did not list its tools within ${timeoutMs} ms; ask again later or allow more.`;
  return new TenantryError("TIMEOUT", message, { server, delivery, retryable: true });
}

/** What comes from outside, such as a credential function of the host, may throw anything. */
function reasonOf(failure: unknown, server: ServerId): TenantryError {
  if (failure instanceof TenantryError) return failure;
  const message = `The server ${quote(server)} could not be asked; the cause says why.`;
  return new TenantryError("SERVER_UNAVAILABLE", message, { server, cause: failure });
}
