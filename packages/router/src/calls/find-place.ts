import { TenantryError, type Connection, withDeadline } from "@tenantry/core";
import { listTimeout } from "../catalog/failure.ts";
import type { ItemList } from "../catalog/item-list.ts";
import type { ServerListing } from "../catalog/server-listing.ts";
import { runAt, type Candidate, type Routing } from "../routing.ts";

/** What a principal means by a name: a server, and the server's own name for it. */
export interface Place {
  readonly candidate: Candidate;
  readonly name: string;
}

/** What is looked for. */
export interface Search {
  readonly kind: "tools" | "prompts";
  /** The server's own name of what is meant, where its list has that. */
  readonly pick: (listing: ServerListing, list: ItemList<"tools" | "prompts">) => string | undefined;
  /** Whether what one server has may be another's as well, so that finding it once settles nothing. */
  readonly mayShare: (listing: ServerListing) => boolean;
  /** The error for what no candidate has. */
  readonly unknown: () => TenantryError;
}

/** Looks for what a catalog shows under a name. */
export function byCatalogName(name: string): Pick<Search, "pick" | "mayShare"> {
  return {
    pick: (listing, list) => {
      const { places, own } = listing.present(list);
      const at = places.get(name);
      return at === undefined ? undefined : own[at]?.name;
    },
    mayShare: (listing) => listing.mayShare(name),
  };
}

/** Looks for what a server itself calls by a name; what is not shown is not there. */
export function byOwnName(name: string): Pick<Search, "pick" | "mayShare"> {
  return {
    pick: (listing, list) => (listing.present(list).own.some((one) => one.name === name) ? name : undefined),
    mayShare: () => false,
  };
}

/**
 * Finds what has a name in the catalog in the candidates' own lists. Slugged names of two servers can begin alike, and
 * asked one by one, the first could keep the others waiting; so all are asked, and the first that has it wins, unless it
 * may be another's as well.
 */
export async function findPlace(
  routing: Routing,
  candidates: readonly Candidate[],
  search: Search,
  signal: AbortSignal,
): Promise<Place> {
  const ask = (candidate: Candidate) => findOn(routing, candidate, search, signal);
  if (candidates.length > 1 && candidates.some(({ listing }) => search.mayShare(listing)))
    return onlyPlace(routing, { candidates, ask }, search, signal);
  const asked = candidates.map(ask);
  try {
    return await Promise.any(asked);
  } catch (failure) {
    signal.throwIfAborted();
    throw reasonOf(failure instanceof AggregateError ? failure.errors : [failure], search);
  }
}

interface AskedForPlace {
  readonly candidates: readonly Candidate[];
  readonly ask: (candidate: Candidate) => Promise<Place>;
}

/**
 * The one server that has the name: what two have is nobody's. One that cannot be asked does not keep the others from it, and
 * one that did not answer in time of late is asked only where no other has it.
 */
async function onlyPlace(
  { catalog: { silences } }: Routing,
  { candidates, ask }: AskedForPlace,
  search: Search,
  signal: AbortSignal,
): Promise<Place> {
  const isSilent = ({ route }: Candidate) => silences.has(route.target);
  const settled: PromiseSettledResult<Place>[] = [];
  for (const some of [candidates.filter((one) => !isSilent(one)), candidates.filter(isSilent)]) {
    settled.push(...(await Promise.allSettled(some.map(ask))));
    signal.throwIfAborted();
    const [place, ...others] = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    if (place !== undefined && others.length === 0) return place;
    if (place !== undefined) throw search.unknown();
  }
  throw reasonOf(
    settled.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : [])),
    search,
  );
}

/** A server that could not be asked may have it, so it is what the caller must hear of. */
function reasonOf(failures: readonly unknown[], { unknown }: Search): unknown {
  const { code } = unknown();
  const isUnknown = (one: unknown) => one instanceof TenantryError && one.code === code;
  return failures.find((one) => !isUnknown(one)) ?? unknown();
}

async function findOn(
  { pool, clock, limits, catalog }: Routing,
  candidate: Candidate,
  { kind, pick, unknown }: Search,
  caller: AbortSignal,
): Promise<Place> {
  const { listing, route } = candidate;
  const { listTimeoutMs: timeoutMs } = limits;
  const expired = () => listTimeout(route.target.server.id, kind, timeoutMs, "unsent");
  const look = (connection: Connection, signal: AbortSignal) =>
    catalog.find(connection, candidate, kind, (list) => pick(listing, list), signal);
  try {
    const own = await withDeadline(
      { keepAlive: true, clock, timeoutMs, signal: caller, expired },
      (signal) => {
        const options = { signal, resend: "safe" } as const;
        return runAt(pool, route, (connection) => look(connection, signal), options);
      },
    );
    catalog.silences.note(route.target, undefined);
    if (own !== undefined) return { candidate, name: own };
  } catch (failure) {
    caller.throwIfAborted();
    catalog.silences.note(route.target, failure);
    throw unsent(failure, kind);
  }
  throw unknown();
}

/** A list that failed halfway says nothing of what was looked for in it. */
export function unsent(failure: unknown, kind: Search["kind"]): unknown {
  if (!(failure instanceof TenantryError) || failure.delivery === "unsent") return failure;
  const { code, message, delivery, ...facts } = failure;
  const why = message.replace(/^\[\w+\] /u, "");
  return new TenantryError(
    code === "DELIVERY_UNKNOWN" ? "SERVER_UNAVAILABLE" : code,
    `The ${kind === "tools" ? "tool was not called" : "prompt was not asked for"}, because its server's list could not be read: ${why}`,
    { ...facts, retryable: failure.retryable || delivery === "unknown", delivery: "unsent", cause: failure },
  );
}
