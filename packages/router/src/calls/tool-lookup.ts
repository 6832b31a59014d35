import { TenantryError, type Connection, withDeadline } from "@tenantry/core";
import { listTimeout } from "../catalog/ask-all.ts";
import type { Route, Routing } from "../routing.ts";
import type { ServerListing } from "../catalog/server-listing.ts";

/** A server that may own a tool, and how this principal reaches it. */
export interface Candidate {
  readonly listing: ServerListing;
  readonly route: Route;
}

/** Where a tool is: its server, and the server's own name for it. */
export interface Place {
  readonly candidate: Candidate;
  readonly tool: string;
}

/** What is looked for. */
export interface LookupRequest {
  readonly candidates: readonly Candidate[];
  readonly name: string;
  readonly signal: AbortSignal;
  /** The error for a tool that no candidate has. */
  readonly unknown: () => TenantryError;
}

/**
 * Finds a tool by its catalog name in the candidates' own lists. Slugged names of two servers can begin alike, and
 * asked one by one, the first could keep the others waiting; so all are asked, and the first that has it wins.
 */
export async function findTool(routing: Routing, request: LookupRequest): Promise<Place> {
  try {
    return await Promise.any(request.candidates.map((candidate) => findOn(routing, candidate, request)));
  } catch (failure) {
    request.signal.throwIfAborted();
    const failures: readonly unknown[] = failure instanceof AggregateError ? failure.errors : [failure];
    // A server that could not be asked may have the tool, so it is what the caller must hear of.
    const reason: unknown = failures.find((one) => !isUnknown(one)) ?? request.unknown();
    throw reason;
  }
}

async function findOn(
  { pool, clock, limits }: Routing,
  candidate: Candidate,
  { name, signal: caller, unknown }: LookupRequest,
): Promise<Place> {
  const { listing, route } = candidate;
  const { listTimeoutMs: timeoutMs } = limits;
  const expired = () => listTimeout(listing.server.ref.id, timeoutMs, "unsent");
  const look = async (connection: Connection, signal: AbortSignal) =>
    listing.known(connection, name) ?? (await listing.find(connection, name, signal));
  try {
    const tool = await withDeadline(
      { keepAlive: true, clock, timeoutMs, signal: caller, expired },
      (signal) => {
        const { target, context, principal } = route;
        const options = { context, principal, signal, resend: "safe" } as const;
        return pool.run(target, (connection) => look(connection, signal), options);
      },
    );
    if (tool !== undefined) return { candidate, tool };
  } catch (failure) {
    caller.throwIfAborted();
    throw unsent(failure);
  }
  throw unknown();
}

function isUnknown(failure: unknown): boolean {
  return failure instanceof TenantryError && failure.code === "TOOL_UNKNOWN";
}

/** A list that failed halfway says nothing of the tool, which was not called. */
function unsent(failure: unknown): unknown {
  if (!(failure instanceof TenantryError) || failure.delivery === "unsent") return failure;
  const { code, message, delivery, ...facts } = failure;
  const why = message.replace(/^\[\w+\] /u, "");
  return new TenantryError(
    code === "DELIVERY_UNKNOWN" ? "SERVER_UNAVAILABLE" : code,
    `The tool was not called, because its server's list could not be read: ${why}`,
    { ...facts, retryable: failure.retryable || delivery === "unknown", delivery: "unsent", cause: failure },
  );
}
