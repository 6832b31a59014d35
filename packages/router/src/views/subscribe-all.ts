import {
  tell,
  isAbortReason,
  raceAbort,
  TenantryError,
  type AbortableOptions,
  type CloseReason,
  type Connection,
  type ServerEvent,
  type UnavailableServer,
  type WorkspaceEvent,
  type WorkspaceFilter,
  type WorkspaceSubscription,
} from "@tenantry/core";
import { checkResource, unknownResource } from "../calls/address.ts";
import { checkIdentity } from "../guards/check-connection.ts";
import { allowRead } from "../guards/read-guard.ts";
import { learnSubject } from "../authority.ts";
import { reasonOf } from "../catalog/failure.ts";
import type { Heard, ListEvent } from "../hearing/hearings.ts";
import { Listening } from "../hearing/listening.ts";
import type { Candidate } from "../routing.ts";
import { ownerOfResource } from "./owners.ts";
import type { Reach } from "./reach.ts";

/** Whether a subscriber wants to hear that a list has changed. */
const wanted = {
  tools_changed: "tools",
  prompts_changed: "prompts",
  resources_changed: "resources",
} as const satisfies Record<ListEvent["kind"], keyof WorkspaceFilter>;

/**
 * Hears of changes at every server of a principal, and names the servers that cannot be heard. Throws `ARGUMENT_INVALID`
 * for a malformed filter, `SERVER_UNKNOWN` and `RESOURCE_UNKNOWN`.
 */
export async function subscribeAll(
  reach: Reach,
  filter: WorkspaceFilter,
  listener: (event: WorkspaceEvent) => void,
  { signal }: AbortableOptions,
): Promise<WorkspaceSubscription> {
  checkFilter(filter, listener);
  signal?.throwIfAborted();
  const watched = await ownersOf(reach, filter, signal);
  const wantsLists = Object.values(wanted).some((name) => filter[name] === true);
  const hearOf =
    ({ listing }: Candidate) =>
    (event: ServerEvent) =>
      tell(listener, { ...event, server: listing.ref.id });
  const checkOf = (candidate: Candidate) => (connection: Connection) =>
    checkIdentity(reach.routing, candidate, connection);
  const unavailable: UnavailableServer[] = [];
  const heard: Heard[] = [];
  const open = async (candidate: Candidate, listen: () => Heard) => {
    const server = candidate.listing.ref.id;
    try {
      const { target, context, admit } = candidate.route;
      const ready = (async () => {
        await admit?.();
        await learnSubject(target, { context, signal });
      })();
      await raceAbort(ready, signal);
      const one = listen();
      heard.push(one);
      await raceAbort(one.opened, signal);
    } catch (failure) {
      if (isAbortReason(failure, signal)) return;
      unavailable.push(Object.freeze({ server, error: reasonOf(failure, server) }));
    }
  };
  const { hearings, pool, clock } = reach.routing;
  await Promise.all([
    ...(wantsLists ? reach.named(filter.server) : []).map(async (candidate) =>
      open(candidate, () => {
        const hear = hearOf(candidate);
        const hearer = (event: ListEvent) => {
          if (filter[wanted[event.kind]] === true) hear(event);
        };
        return hearings.join(candidate.route, { hearer, check: checkOf(candidate) });
      }),
    ),
    ...[...watched].map(async ([candidate, resourceUris]) =>
      open(candidate, () => {
        const hear = hearOf(candidate);
        const all = () => resourceUris.forEach((uri) => hear({ kind: "resource_updated", uri }));
        const { route } = candidate;
        const check = checkOf(candidate);
        return new Listening({
          ...{ pool, clock, route, check, filter: { resourceUris } },
          onEvent: hear,
          onBack: all,
        });
      }),
    ),
  ]);
  if (signal?.aborted) {
    await Promise.all(heard.map((one) => one.close()));
    throw signal.reason;
  }
  return subscriptionOf(heard, unavailable);
}

function subscriptionOf(
  heard: readonly Heard[],
  unavailable: readonly UnavailableServer[],
): WorkspaceSubscription {
  const ended = Promise.withResolvers<CloseReason>();
  let closing: Promise<void> | undefined;
  const close = () =>
    (closing ??= (async () => {
      ended.resolve({ kind: "closed" });
      await Promise.all(heard.map((one) => one.close()));
    })());
  // As long as one server is heard, it goes on.
  void Promise.all(heard.map(({ closed }) => closed)).then((reasons) => {
    const lost = reasons.find(({ kind }) => kind === "lost");
    if (lost !== undefined) ended.resolve(lost);
  });
  return Object.freeze({
    unavailable: Object.freeze(unavailable),
    closed: ended.promise,
    close,
    [Symbol.asyncDispose]: close,
  });
}

async function ownersOf(
  reach: Reach,
  { watched = [] }: WorkspaceFilter,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<Candidate, readonly string[]>> {
  const uris = new Map<Candidate, string[]>();
  const owners = await Promise.all(
    watched.map(async (one) => {
      const owner = await ownerOfResource(reach, one, { signal });
      const read = { ...owner, kind: "resources", unknown: () => unknownResource(one) } as const;
      await raceAbort(allowRead(reach, read), signal);
      return owner;
    }),
  );
  for (const { candidate, name } of owners) uris.set(candidate, [...(uris.get(candidate) ?? []), name]);
  return uris;
}

const parts: readonly string[] = ["tools", "prompts", "resources", "server", "watched"];

function checkFilter(filter: WorkspaceFilter, listener: unknown): void {
  const given: unknown = filter;
  const isObject = typeof given === "object" && given !== null && !Array.isArray(given);
  const unknown = isObject ? Object.keys(given).find((key) => !parts.includes(key)) : undefined;
  if (!isObject || unknown !== undefined || !(filter.watched === undefined || Array.isArray(filter.watched)))
    throw new TenantryError(
      "ARGUMENT_INVALID",
      "Say what is heard of: { tools, prompts, resources } and the resources that are watched.",
    );
  for (const one of filter.watched ?? []) checkResource(one);
  if (typeof listener !== "function")
    throw new TenantryError("ARGUMENT_INVALID", "Give subscribe() a function that is told of changes.");
}
