import {
  isTraced,
  traced,
  type ApprovalNeeded,
  type ListOptions,
  type ServerId,
  type ServerStatus,
  type TenantryError,
  type UnavailableServer,
} from "@tenantry/core";
import type { Catalog, ListAnswer, ListRequest } from "../catalog/catalog.ts";
import { reasonOf } from "../catalog/failure.ts";
import type { Kind } from "../catalog/kind.ts";
import type { Presented } from "../names/presented.ts";
import { checkOptions } from "../request-options.ts";
import type { Candidate, Routing } from "../routing.ts";

/** What one server listed, and why that is old or nothing, where it is. */
export interface Answer<K extends Kind = Kind> {
  readonly server: ServerId;
  readonly candidate?: Candidate;
  readonly shown?: Presented<K>;
  readonly error?: TenantryError;
  /** What the server said that it is, where it was asked. */
  readonly identity?: object;
  /** What is left out until it is approved. */
  readonly unapproved?: readonly ApprovalNeeded[];
}

/** A server and how it is reached, or why it is not. */
export type Asked = Candidate | UnavailableServer;

/**
 * Gives one kind of every server's list, of those that have to be asked at the same time, each with a deadline of its own,
 * in the order in which they are given. It throws for the caller's own doing only: an abort, or a malformed option.
 */
export async function listAll<K extends Kind>(
  routing: Routing,
  asked: readonly Asked[],
  kind: K,
  options: ListOptions,
): Promise<readonly Answer<K>[]> {
  const { signal, timeoutMs = routing.limits.listTimeoutMs, fresh = false } = checkOptions(options);
  signal?.throwIfAborted();
  const request = { signal, timeoutMs, fresh };
  // What is known is there at once, and then nothing is waited for.
  const answers = asked.map((one) => ("error" in one ? one : listOne(routing, one, kind, request)));
  const mustWait = answers.some((one) => one instanceof Promise);
  const all = mustWait ? await Promise.all(answers.map(async (one) => one)) : answers;
  signal?.throwIfAborted();
  return all as readonly Answer<K>[];
}

/** The servers that did not answer, and why. */
export function unavailableOf(answers: readonly Answer[]): readonly UnavailableServer[] {
  return Object.freeze(
    answers.flatMap(({ server, error }) => (error ? [Object.freeze({ server, error })] : [])),
  );
}

/** How a server is, judged by its answer. */
export function statusOf({ server, shown, error }: Answer<"tools">): ServerStatus {
  if (error === undefined) return { server, status: "ready", tools: shown?.items.length ?? 0 };
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

function listOne<K extends Kind>(
  { catalog }: Routing,
  candidate: Candidate,
  kind: K,
  request: ListRequest,
): Answer<K> | Promise<Answer<K>> {
  const server = candidate.listing.server.ref.id;
  const shown = ({ list, error, identity }: ListAnswer<K>): Answer<K> => ({
    ...{ server, candidate, shown: candidate.listing.present(list, error !== undefined) },
    ...(error !== undefined && { error }),
    ...(identity !== undefined && { identity }),
  });
  const failed = (failure: unknown): Answer<K> => ({ server, candidate, error: reasonOf(failure, server) });
  try {
    const answer = isTraced("tenantry:router:list")
      ? listTraced(catalog, candidate, kind, request)
      : catalog.list(candidate, kind, request);
    return answer instanceof Promise ? answer.then(shown).catch(failed) : shown(answer);
  } catch (failure) {
    return failed(failure);
  }
}

function listTraced<K extends Kind>(
  catalog: Catalog,
  candidate: Candidate,
  list: K,
  request: ListRequest,
): Promise<ListAnswer<K>> {
  const { scope, server } = candidate.route.target;
  const payload = () => ({ scope, server: server.id, list });
  return traced("tenantry:router:list", payload, async (event) => {
    const answer = await catalog.list(candidate, list, request);
    if (event !== undefined) event.isStale = answer.error !== undefined;
    return answer;
  });
}
