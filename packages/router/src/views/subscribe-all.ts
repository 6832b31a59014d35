import type {
  AbortableOptions,
  ServerEvent,
  Subscription,
  SubscriptionFilter,
  UnavailableServer,
  WorkspaceEvent,
  WorkspaceFilter,
  WorkspaceSubscription,
} from "@tenantry/core";
import { reasonOf } from "../catalog/failure.ts";
import { unknownResource } from "../calls/address.ts";
import { checkIdentity } from "../guards/check-connection.ts";
import { allowRead } from "../guards/read-guard.ts";
import type { Candidate } from "../routing.ts";
import { ownerOfResource } from "./owners.ts";
import type { Reach } from "./reach.ts";

/** Subscribes at every server of a principal, and names the ones that cannot be heard. */
export async function subscribeAll(
  reach: Reach,
  { watched = [], tools, prompts, resources }: WorkspaceFilter,
  listener: (event: WorkspaceEvent) => void,
  options: AbortableOptions,
): Promise<WorkspaceSubscription> {
  const uris = new Map<Candidate, string[]>();
  for (const one of watched) {
    const { candidate, name } = await ownerOfResource(reach, one, { signal: options.signal });
    await allowRead(reach, { candidate, name, kind: "resources", unknown: () => unknownResource(one) });
    uris.set(candidate, [...(uris.get(candidate) ?? []), name]);
  }
  const wantsLists = tools === true || prompts === true || resources === true;
  const meant = reach.all.filter((candidate) => wantsLists || uris.has(candidate));
  const unavailable: UnavailableServer[] = [];
  const open: Subscription[] = [];
  await Promise.all(
    meant.map(async (candidate) => {
      const server = candidate.route.target.server.id;
      const filter = { tools, prompts, resources, resourceUris: uris.get(candidate) };
      try {
        open.push(
          await subscribeAt(reach, candidate, filter, (event) => listener({ ...event, server }), options),
        );
      } catch (failure) {
        unavailable.push({ server, error: reasonOf(failure, server) });
      }
    }),
  );
  const close = async () => void (await Promise.all(open.map((one) => one.close())));
  if (options.signal?.aborted) {
    await close();
    throw options.signal.reason;
  }
  return {
    unavailable,
    closed: Promise.all(open.map(({ closed }) => closed)).then(([first]) => first ?? { kind: "closed" }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Hears of one server's changes; the connection is kept for it until it ends. */
async function subscribeAt(
  { routing }: Reach,
  candidate: Candidate,
  filter: SubscriptionFilter,
  listener: (event: ServerEvent) => void,
  { signal }: AbortableOptions,
): Promise<Subscription> {
  const { target, context, admit } = candidate.route;
  await admit?.();
  const lease = await routing.pool.acquire(target, { context, signal });
  try {
    await checkIdentity(routing, candidate, lease.connection);
    const subscription = await lease.connection.subscribe(filter, listener, { signal });
    const release = () => lease.release();
    subscription.closed.then(release, release);
    return subscription;
  } catch (failure) {
    lease.release();
    throw failure;
  }
}
