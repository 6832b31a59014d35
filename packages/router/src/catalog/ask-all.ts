import {
  quote,
  TenantryError,
  type CatalogTool,
  type Connection,
  type Delivery,
  type ListOptions,
  type ServerId,
  type ServerStatus,
  type UnavailableServer,
  withDeadline,
} from "@tenantry/core";
import { checkOptions } from "../request-options.ts";
import type { Route, Routing } from "../routing.ts";
import type { ServerListing } from "./server-listing.ts";

/** What one server listed, or why it listed nothing. */
export type Answer<T> =
  | { readonly server: ServerId; readonly items: readonly T[] }
  | { readonly server: ServerId; readonly error: TenantryError };

/** How each server is reached, or why it is not. */
export type RouteOf = (listing: ServerListing) => Route | TenantryError;

/** Reads one server's list. */
export type Read<T> = (
  listing: ServerListing,
  connection: Connection,
  signal: AbortSignal,
) => Promise<readonly T[]>;

/**
 * Asks every server for a list at the same time, each with a deadline of its own, and gives their answers in the
 * order of the definitions. It throws for the caller's own doing only: an abort, or a malformed option.
 */
export async function askAll<T>(
  routing: Routing,
  routeOf: RouteOf,
  read: Read<T>,
  options: ListOptions,
): Promise<readonly Answer<T>[]> {
  const { signal, timeoutMs = routing.limits.listTimeoutMs } = checkOptions(options);
  signal?.throwIfAborted();
  const answers = await Promise.all(
    routing.listings.map(async (listing): Promise<Answer<T>> => {
      const server = listing.server.ref.id;
      try {
        const route = routeOf(listing);
        if (route instanceof TenantryError) return { server, error: route };
        const ask = (connection: Connection, ending: AbortSignal) => read(listing, connection, ending);
        return { server, items: await askOne(routing, route, ask, { signal, timeoutMs }) };
      } catch (failure) {
        return { server, error: reasonOf(failure, server) };
      }
    }),
  );
  signal?.throwIfAborted();
  return answers;
}

/** Everything that the servers who answered listed. */
export function itemsOf<T>(answers: readonly Answer<T>[]): readonly T[] {
  return answers.flatMap((answer) => ("items" in answer ? answer.items : []));
}

/** The servers that did not answer, and why. */
export function unavailableOf(answers: readonly Answer<unknown>[]): readonly UnavailableServer[] {
  return answers.filter((answer) => "error" in answer);
}

/** How a server is, judged by its answer. */
export function statusOf(answer: Answer<CatalogTool>): ServerStatus {
  const { server } = answer;
  if ("items" in answer) return { server, status: "ready", tools: answer.items.length };
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

function askOne<T>(
  { pool, clock }: Routing,
  { target, context, principal }: Route,
  read: (connection: Connection, signal: AbortSignal) => Promise<readonly T[]>,
  { signal: caller, timeoutMs }: { readonly signal: AbortSignal | undefined; readonly timeoutMs: number },
): Promise<readonly T[]> {
  let delivery: Delivery = "unsent";
  const expired = () => listTimeout(target.server.id, timeoutMs, delivery);
  return withDeadline({ keepAlive: true, clock, timeoutMs, signal: caller, expired }, (signal) =>
    pool.run(
      target,
      (connection) => {
        delivery = "unknown";
        return read(connection, signal);
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
export function reasonOf(failure: unknown, server: ServerId): TenantryError {
  if (failure instanceof TenantryError) return failure;
  const message = `The server ${quote(server)} could not be asked; the cause says why.`;
  return new TenantryError("SERVER_UNAVAILABLE", message, { server, cause: failure });
}
