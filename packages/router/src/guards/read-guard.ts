import {
  quote,
  TenantryError,
  withDeadline,
  type AbortableOptions,
  type Connection,
  type JsonObject,
  type Prompt,
} from "@tenantry/core";
import type { Place } from "../calls/find-place.ts";
import { noHints } from "../policy/hints.ts";
import { hasDotSegments } from "../policy/dot-segments.ts";
import type { Reach } from "../views/reach.ts";
import { checkConnection, checkIdentity } from "./check-connection.ts";
import { guardedKinds, itemThing } from "./things.ts";

/** What is about to be read. */
export interface ReadRequest extends Place {
  readonly kind: "prompts" | "resources" | "resourceTemplates";
  /** What a prompt is given. */
  readonly args?: JsonObject | undefined;
  /** The error for what there is not, or what this principal must not know of. */
  readonly unknown: () => TenantryError;
}

/** Looks once more, at the connection over which something is read. */
export type ConnectionCheck = (connection: Connection, signal: AbortSignal) => Promise<void> | undefined;

/** Throws the error for what is unknown where the policy denies it. */
export async function allowRead(
  reach: Reach,
  { candidate, kind, name, args, unknown }: ReadRequest,
): Promise<void> {
  const { policy } = reach.routing.guards;
  if (!policy.isOn) return;
  // What rules say of a URI holds for what it leads to only where it has no way out of there.
  if (kind === "resources" && hasDotSegments(name)) throw unknown();
  const verdict = await policy.decide({
    ...{
      phase: "call",
      kind: guardedKinds[kind],
      name,
      server: candidate.listing.ref.id,
      annotations: noHints,
    },
    ...reach.who,
    ...(args !== undefined && { arguments: args }),
  });
  if (verdict !== "allow") throw unknown();
}

/** How long is waited for whoever decides. */
export interface ReadPatience extends AbortableOptions {
  readonly timeoutMs: number;
}

/**
 * Throws as {@link allowRead} does, `APPROVAL_REQUIRED` for a prompt that is not approved and `TIMEOUT`; gives what is left to
 * check.
 */
export function admitRead(
  reach: Reach,
  request: ReadRequest,
  { signal, timeoutMs }: ReadPatience,
): Promise<ConnectionCheck | undefined> {
  const { clock } = reach.routing;
  const { id: server } = request.candidate.listing.ref;
  const expired = () => {
    const what = `Whether the server ${quote(server)} may be asked was not decided within ${timeoutMs} ms`;
    const why = `${what}; ask again later or allow more.`;
    return new TenantryError("TIMEOUT", why, { server, retryable: true, delivery: "unsent" });
  };
  return withDeadline({ keepAlive: true, clock, timeoutMs, signal, expired }, (ending) =>
    admit(reach, request, ending),
  );
}

async function admit(
  reach: Reach,
  request: ReadRequest,
  signal: AbortSignal,
): Promise<ConnectionCheck | undefined> {
  await allowRead(reach, request);
  const { candidate, kind, name } = request;
  const { routing } = reach;
  const server = candidate.listing.ref.id;
  if (routing.guards.approvals?.isOn(server) !== true) return undefined;
  if (kind !== "prompts") return (connection) => checkIdentity(routing, candidate, connection);
  const definition = await promptOf(reach, request, signal);
  await routing.guards.approvals.check(itemThing(server, "prompt", definition));
  const used = { candidate, kind, name, definition } as const;
  return (connection, ending) => checkConnection(routing, used, connection, ending);
}

async function promptOf(
  { routing: { catalog, limits } }: Reach,
  { candidate, name, unknown }: ReadRequest,
  signal: AbortSignal,
): Promise<Prompt> {
  const known = catalog.known(candidate, "prompts");
  const request = { signal, timeoutMs: limits.listTimeoutMs, fresh: known?.trouble === "changed" };
  const { list } = await catalog.list(candidate, "prompts", request);
  const prompt = list.items.find((one) => one.name === name);
  if (prompt === undefined) throw unknown();
  return prompt;
}
