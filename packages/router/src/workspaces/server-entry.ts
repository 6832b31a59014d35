import {
  checkRoute,
  TenantryError,
  withDetails,
  type PlainDefinition,
  type ServerId,
  type ServerKey,
  type Version,
} from "@tenantry/core";
import { createHash } from "node:crypto";
import type { RoutedServer } from "../routing.ts";
import {
  UpstreamSwitch,
  type RollBackLimits,
  type RouteState,
  type SwitchedRoute,
} from "../upstreams/upstream-switch.ts";
import type { ServerRow } from "./server-rows.ts";
import type { StoredServer } from "./stored-server.ts";

/** A server as it comes from its definition, before a workspace says where its calls go. */
export type BoundServer = RoutedServer | SwitchedRoute;

/** Turns stored definitions into servers, and keeps their text secret at rest. */
export interface StoredDefinitions {
  /**
   * Checks a definition that somebody else wrote and binds it. Throws `DEFINITION_INVALID` where it is malformed, names
   * what there is not, or the host does not admit it.
   */
  bind(definition: unknown, key: ServerKey): BoundServer;
  seal(text: string, key: ServerKey): Promise<string>;
  open(sealed: string, key: ServerKey): Promise<string>;
}

/** One server of a workspace, as its code and its store have it together. */
export interface ServerEntry {
  readonly id: ServerId;
  /** The version of its row; absent where the store says nothing of it. */
  readonly version: Version | undefined;
  readonly stored: StoredServer;
  /** What the host's code has of it. */
  readonly base: BoundServer | undefined;
  /** The stored definition. */
  readonly definition?: PlainDefinition;
  readonly isEnabled: boolean;
  /** Why it cannot be used. */
  readonly error?: TenantryError;
  readonly server: RoutedServer;
  /** Present where it has several upstreams. */
  readonly way?: UpstreamSwitch;
}

/** What entries are made with. */
export interface EntryParts {
  readonly definitions: StoredDefinitions;
  readonly limits: RollBackLimits;
  readonly onRolledBack: (key: ServerKey, way: UpstreamSwitch, tried: RouteState) => void;
}

/** A server of the host's code that the store says nothing of. */
export function entryOfCode(base: BoundServer, key: ServerKey, parts: EntryParts): ServerEntry {
  const stored: StoredServer = {};
  return Object.freeze({
    ...{ id: key.server, version: undefined, stored, base, isEnabled: true },
    ...routed(base, key, stored, parts, undefined),
  });
}

/** A server of which the store says something; what is wrong with that is this server's trouble alone. */
export async function entryOfRow(
  row: ServerRow,
  base: BoundServer | undefined,
  parts: EntryParts,
  before: ServerEntry | undefined,
): Promise<ServerEntry> {
  const { key, version } = row;
  const stored = row.stored instanceof TenantryError ? {} : row.stored;
  const facts = { id: key.server, version, stored, base, isEnabled: stored.enabled !== false };
  try {
    if (row.stored instanceof TenantryError) throw row.stored;
    const definition = await definitionOf(stored, key, parts.definitions);
    const bound = definition === undefined ? base : parts.definitions.bind(definition, key);
    // An amendment of what the code has no more.
    if (bound === undefined)
      return Object.freeze({ ...facts, isEnabled: false, server: broken(key, gone()) });
    return Object.freeze({
      ...facts,
      ...(definition !== undefined && { definition }),
      ...routed(bound, key, stored, parts, before),
    });
  } catch (failure) {
    const error = errorOf(failure, key.server);
    return Object.freeze({ ...facts, error, server: broken(key, error) });
  }
}

async function definitionOf(
  { sealed }: StoredServer,
  key: ServerKey,
  definitions: StoredDefinitions,
): Promise<PlainDefinition | undefined> {
  if (sealed === undefined) return undefined;
  const text = await definitions.open(sealed, key);
  try {
    return JSON.parse(text) as PlainDefinition;
  } catch {
    // What the parser says quotes the text, which may hold a secret.
    throw new TenantryError(
      "STORE_INVALID",
      "What is stored of this server is no JSON; set it again, or delete it.",
    );
  }
}

/** The server as calls take it, with what the workspace says of its tools and its route. */
function routed(
  bound: BoundServer,
  key: ServerKey,
  stored: StoredServer,
  parts: EntryParts,
  before: ServerEntry | undefined,
): Pick<ServerEntry, "server" | "way"> {
  const tools = stored.tools && { tools: stored.tools };
  if (!("upstreams" in bound)) return { server: tools ? Object.freeze({ ...bound, ...tools }) : bound };
  const way = switchOf(bound, key, stored, parts, before?.way);
  const { ref, share, timeoutMs, trustsAnnotations, launch } = bound;
  const credentials = way.credentials();
  const discovery = way.discovery();
  const server: RoutedServer = Object.freeze({
    ...{ ref, share, upstream: way },
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(trustsAnnotations !== undefined && { trustsAnnotations }),
    ...(launch !== undefined && { launch }),
    ...(credentials && { credentials }),
    ...(discovery && { discovery }),
    ...tools,
  });
  return { server, way };
}

/** The switch that there was, with what it has seen, where nothing of it has changed. */
function switchOf(
  server: SwitchedRoute,
  key: ServerKey,
  stored: StoredServer,
  { limits, onRolledBack }: EntryParts,
  before: UpstreamSwitch | undefined,
): UpstreamSwitch {
  const state = stateOf(server, stored);
  const isSame = before !== undefined && before.server.ref.digest === server.ref.digest;
  if (isSame && isSameState(before.state, state)) return before;
  const onThis = (way: UpstreamSwitch, tried: RouteState) => onRolledBack(key, way, tried);
  return new UpstreamSwitch({ server, state, limits, onRolledBack: onThis });
}

/** A route that names what the definition has no more is over. */
function stateOf({ upstreams, route }: SwitchedRoute, { route: stored }: StoredServer): RouteState {
  const names = [...upstreams.keys()];
  const byDefinition = Object.freeze({ now: route, since: 0 });
  if (stored === undefined) return byDefinition;
  try {
    const now = checkRoute(stored.now, names);
    const before = stored.before === undefined ? {} : { before: checkRoute(stored.before, names) };
    return Object.freeze({ ...stored, now, ...before });
  } catch {
    return byDefinition;
  }
}

/** Whether two states say the same. */
export function isSameState(one: RouteState, other: RouteState): boolean {
  return JSON.stringify(spelt(one)) === JSON.stringify(spelt(other));
}

function spelt({ now, before, since, rolledBack }: RouteState): readonly unknown[] {
  const parts = (route: RouteState["before"]) =>
    typeof route === "object" ? Object.entries(route).sort(([a], [b]) => (a < b ? -1 : 1)) : (route ?? null);
  return [parts(now), parts(before), since, rolledBack?.at ?? null];
}

/** A server that answers nothing but why it cannot be used. */
function broken(key: ServerKey, error: TenantryError): RoutedServer {
  const fail = (): never => {
    // Each caller has one of its own: what a host notes on it is not for the others.
    throw withDetails(error, {});
  };
  return Object.freeze({
    ref: Object.freeze({ id: key.server, digest: createHash("sha256").update(error.message).digest("hex") }),
    share: "user",
    upstream: Object.freeze({ endpoint: async () => fail() }),
    credentials: Object.freeze({ resolve: fail }),
    discovery: Object.freeze({ credentials: Object.freeze({ resolve: fail }) }),
  });
}

function gone(): TenantryError {
  return new TenantryError("DEFINITION_INVALID", "The host's code has no such server any more.");
}

function errorOf(failure: unknown, server: ServerId): TenantryError {
  if (failure instanceof TenantryError) return withDetails(failure, { server });
  const why = "What is stored of this server cannot be used; the cause says why.";
  return new TenantryError("DEFINITION_INVALID", why, { server, cause: failure });
}
