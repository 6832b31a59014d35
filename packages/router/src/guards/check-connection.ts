import type { Connection, Prompt, Tool } from "@tenantry/core";
import type { Candidate, Routing } from "../routing.ts";
import { identityThing, itemThing } from "./things.ts";

/** What is about to be used over a connection. */
export interface Used {
  readonly candidate: Candidate;
  readonly kind: "tools" | "prompts";
  /** The server's own name. */
  readonly name: string;
  /** As it was when it was admitted. */
  readonly definition: Tool | Prompt | undefined;
}

/**
 * Sees to it that what is used over a connection is what was approved: the server is what it was, and what it told whoever
 * this connection is for is what was admitted. Gives `undefined` where there is nothing to wait for.
 */
export function checkConnection(
  routing: Routing,
  used: Used,
  connection: Connection,
  signal: AbortSignal,
): Promise<void> | undefined {
  const { approvals } = routing.guards;
  if (approvals?.isOn(used.candidate.listing.ref.id) !== true) return undefined;
  const identified = checkIdentity(routing, used.candidate, connection);
  const known = routing.catalog.known(used.candidate, used.kind, connection);
  const isSame =
    known !== undefined && known.trouble !== "changed" && known.list.items.includes(used.definition as never);
  if (identified === undefined && isSame) return undefined;
  return (async () => {
    await identified;
    if (isSame) return;
    const list =
      known !== undefined && known.trouble !== "changed"
        ? known.list
        : (await routing.catalog.read(connection, used.candidate.route, used.kind, signal)).list;
    const definition = list.items.find(({ name }) => name === used.name);
    // One that is not listed any more has nothing that could be other than it was.
    if (definition === undefined) return;
    const kind = used.kind === "tools" ? "tool" : "prompt";
    await approvals.check(itemThing(used.candidate.listing.ref.id, kind, definition));
  })();
}

/** Rejects where the server is not what it was when that was approved. */
export function checkIdentity(
  { guards: { approvals, identities } }: Routing,
  { listing: { ref } }: Candidate,
  connection: Connection,
): Promise<void> | undefined {
  if (approvals?.isOn(ref.id) !== true) return undefined;
  const identity = identities.of(connection);
  return identity && approvals.check(identityThing(ref.id, identity));
}
