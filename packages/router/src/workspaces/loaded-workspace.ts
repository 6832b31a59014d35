import {
  namedBy,
  type CredentialProvider,
  type ServerId,
  type ServerKey,
  type WorkspaceId,
} from "@tenantry/core";
import type { RoutedServer } from "../routing.ts";
import type { WorkspaceRouter } from "../router.ts";
import type { RouteState, UpstreamSwitch } from "../upstreams/upstream-switch.ts";
import {
  entryOfCode,
  entryOfRow,
  type BoundServer,
  type EntryParts,
  type ServerEntry,
} from "./server-entry.ts";
import type { ServerRow } from "./server-rows.ts";

/** The servers of one workspace at one moment, by id, in the order of listings: the code's first. */
export type Entries = ReadonlyMap<ServerId, ServerEntry>;

/** A workspace as it was when it was read. */
export interface LoadedWorkspace {
  readonly entries: Entries;
  readonly routed: WorkspaceRouter;
}

/** Which connections are meant. */
export interface ServerSelection {
  readonly workspace: WorkspaceId;
  readonly server: ServerId;
  /** The digest of what is reached; absent: whatever is. */
  readonly digest?: string;
}

/** Puts together what the code and the store say; what is as it was `before` is the same object as it was. */
export async function mergeEntries(
  workspace: WorkspaceId,
  { base, rows }: { readonly base: readonly BoundServer[]; readonly rows: readonly ServerRow[] },
  parts: EntryParts,
  before: Entries | undefined,
): Promise<Entries> {
  const ofStore = new Map(rows.map((row) => [row.key.server, row] as const));
  const ofCode = new Map(base.map((bound) => [bound.ref.id, bound] as const));
  const ids = new Set([...ofCode.keys(), ...ofStore.keys()]);
  const entries = await Promise.all(
    [...ids].map(async (server) => {
      const [row, bound, known] = [ofStore.get(server), ofCode.get(server), before?.get(server)];
      if (known !== undefined && isAsKnown(known, row, bound)) return known;
      if (row !== undefined) return entryOfRow(row, bound, parts, known);
      return entryOfCode(bound as BoundServer, { workspace, server }, parts);
    }),
  );
  const isSame = before?.size === entries.length && entries.every((entry) => before.get(entry.id) === entry);
  return isSame ? before : new Map(entries.map((entry) => [entry.id, entry] as const));
}

/** What a row says that cannot be read may change without another version being seen. */
function isAsKnown(known: ServerEntry, row: ServerRow | undefined, base: BoundServer | undefined): boolean {
  return known.error === undefined && known.version === row?.version && known.base === base;
}

/** The servers that may be used; the very list of the code where the store changes nothing of it. */
export function usable(entries: Entries, base: readonly RoutedServer[]): readonly RoutedServer[] {
  const servers = [...entries.values()].filter(({ isEnabled }) => isEnabled).map(({ server }) => server);
  const isBase = servers.length === base.length && servers.every((server, index) => server === base[index]);
  return isBase ? base : Object.freeze(servers);
}

/** The connections that nobody may be lent any more, now that `after` holds instead of `before`. */
export function outdated(
  workspace: WorkspaceId,
  before: Entries,
  after: Entries,
): readonly ServerSelection[] {
  return [...before.values()].flatMap((entry): readonly ServerSelection[] => {
    const { id, way } = entry;
    const next = after.get(id);
    const isGone = next === undefined || next.error !== undefined || (entry.isEnabled && !next.isEnabled);
    if (isGone || next.server.ref.digest !== entry.server.ref.digest) return [{ workspace, server: id }];
    if (way === undefined || next.way === undefined) return [];
    return abandoned({ workspace, server: id }, way, way.state, next.way.state);
  });
}

/** The connections to upstreams that a route has left altogether. */
export function abandoned(
  key: ServerKey,
  way: UpstreamSwitch,
  before: RouteState,
  after: RouteState,
): readonly ServerSelection[] {
  const named = namedBy(after.now);
  const left = namedBy(before.now).filter((name) => !named.includes(name));
  return left.map((name) => ({ ...key, digest: way.digestOf(name) }));
}

/** Everything that gives credentials to the servers of a workspace, hidden ones included. */
export function providersIn({
  entries,
}: LoadedWorkspace): ReadonlyMap<ServerId, readonly CredentialProvider[]> {
  return new Map(
    [...entries.values()].map(({ id, server, base, way }) => {
      const bound = [way?.server ?? server, base].filter((one) => one !== undefined);
      const parts = bound.flatMap((one) => ("upstreams" in one ? [...one.upstreams.values()] : [one]));
      const all = parts.flatMap((part) => [part.credentials, part.discovery?.credentials]);
      return [id, all.filter((one) => one !== undefined)] as const;
    }),
  );
}
