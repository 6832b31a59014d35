import {
  checkRoute,
  quote,
  serverId,
  TenantryError,
  type Json,
  type PlainDefinition,
  type Route,
  type RolledBack,
  type ServerId,
  type ServerKey,
  type WorkspaceId,
} from "@tenantry/core";
import type { ToolOverride } from "../routing.ts";
import type { Directory } from "./directory.ts";
import type { ServerSelection } from "./loaded-workspace.ts";
import type { ServerEntry } from "./server-entry.ts";
import { withOverride, type StoredServer } from "./stored-server.ts";

/** What a workspace has of one server. */
export interface ServerFacts {
  readonly server: ServerId;
  /** Who wrote its definition: the host's code, or whoever set it at run time. */
  readonly source: "code" | "stored";
  /** Whether it is listed and can be called. */
  readonly enabled: boolean;
  /** By the server's own name of each tool. */
  readonly tools: Readonly<Record<string, ToolOverride>>;
  /** Where its calls go, where it has several upstreams. */
  readonly route?: Route;
  /** Present where a route was taken back by itself, and no other was set since. */
  readonly rolledBack?: RolledBack;
  /** Why it cannot be used, where what is stored of it is malformed or not admitted. */
  readonly error?: TenantryError;
}

/** The same with the definition as it was set, its headers and its environment included. */
export interface ServerDetails extends ServerFacts {
  readonly definition?: PlainDefinition;
}

/** How a server is deleted. */
export interface DeleteServerOptions {
  /** Whether its calls are cut off, instead of finishing; defaults to `false`. */
  readonly revoke?: boolean | undefined;
}

/**
 * The servers of one workspace, at run time. A change holds from the next call on, in every process that hears of the
 * store's changes; calls that are under way finish where they are. Every method rejects as the store does.
 */
export interface WorkspaceServers {
  /**
   * Defines a server, or another one in its place, also in the place of one of the host's code. The definition is plain data
   * and foreign: its URL may lead to public addresses only, a command is run only if the host admits it, and credentials are
   * named. Rejects with `DEFINITION_INVALID`, and with `LIMIT_EXCEEDED` where there are too many.
   */
  set(server: string, definition: PlainDefinition): Promise<void>;
  /**
   * Deletes what was set, and all that was said of the server; one of the host's code is there again as it was. Gives whether there was anything.
   */
  delete(server: string, options?: DeleteServerOptions): Promise<boolean>;
  /** Shows a server, or hides it from everybody in the workspace. Rejects with `SERVER_UNKNOWN`, as all below do. */
  enable(server: string, enabled: boolean): Promise<void>;
  /** Says something of a tool, by the server's own name of it; `undefined` takes it back. Whether there is such a tool does not matter. */
  tool(server: string, tool: string, override: ToolOverride | undefined): Promise<void>;
  /**
   * Leads the calls to a server with several upstreams elsewhere. Where one of these gets more calls than before and fails
   * while that is new, the route is taken back by itself: to what it was before the first step in that direction. What it
   * surely did not run meanwhile is run where it would have been before. Rejects with `DEFINITION_INVALID` for a route that
   * is none.
   */
  route(server: string, route: Route): Promise<void>;
  /** All servers of the workspace, hidden and unusable ones included, in the order of listings. */
  list(): Promise<readonly ServerFacts[]>;
  get(server: string): Promise<ServerDetails | undefined>;
}

/** Gives the servers of a workspace; `revoke` cuts off the calls of those that are selected. */
export function workspaceServers(
  workspace: WorkspaceId,
  directory: Directory,
  revoke: (selection: ServerSelection) => Promise<void>,
): WorkspaceServers {
  const { rows, options } = directory;
  const keyOf = (server: unknown): ServerKey => Object.freeze({ workspace, server: serverId(server) });
  const entryOf = async ({ server }: ServerKey) => (await directory.current(workspace)).entries.get(server);
  const known = async (key: ServerKey): Promise<ServerEntry> => (await entryOf(key)) ?? unknown(key.server);
  const change = async (
    key: ServerKey,
    made: (stored: StoredServer) => StoredServer,
    how?: { readonly writeOver: boolean },
  ) => {
    await rows.change(key, made, how);
    await directory.refresh(workspace);
  };

  return Object.freeze<WorkspaceServers>({
    async set(server, given) {
      const key = keyOf(server);
      const definition = plain(given);
      options.definitions.bind(definition, key);
      const { entries } = await directory.current(workspace);
      const { maxServers } = options.limits;
      if (!entries.has(key.server) && entries.size >= maxServers) {
        const why = `The workspace has ${maxServers} servers already; delete some, or raise limits.maxServers.`;
        throw new TenantryError("LIMIT_EXCEEDED", why, { server: key.server });
      }
      const sealed = await options.definitions.seal(JSON.stringify(definition), key);
      // Another definition has other upstreams, and says itself which of them calls take.
      await change(key, ({ route: _route, ...stored }) => ({ ...stored, sealed }), { writeOver: true });
    },
    async delete(server, { revoke: cuts = false } = {}) {
      const key = keyOf(server);
      const entry = await entryOf(key);
      const isStored = entry !== undefined && isOfStore(entry);
      if (isStored) await change(key, () => ({}), { writeOver: true });
      if (cuts) await revoke(key);
      return isStored;
    },
    async enable(server, enabled) {
      const key = keyOf(server);
      if (typeof enabled !== "boolean") throw invalid("enabled", "true or false");
      await known(key);
      await change(key, ({ enabled: _enabled, ...stored }) => (enabled ? stored : { ...stored, enabled }));
    },
    async tool(server, tool, override) {
      const key = keyOf(server);
      if (typeof tool !== "string") throw invalid("tool", "the server's own name of a tool");
      await known(key);
      await change(key, (stored) => withOverride(stored, tool, override));
    },
    async route(server, given) {
      const key = keyOf(server);
      const { way } = await known(key);
      if (way === undefined) {
        const why = `The server ${quote(key.server)} has one upstream only; define it with \`upstreams\`.`;
        throw new TenantryError("DEFINITION_INVALID", why, { server: key.server });
      }
      const now = checkRoute(given, [...way.server.upstreams.keys()]);
      const state = way.changedTo(now, options.clock.now());
      await change(key, (stored) => ({ ...stored, route: state }));
    },
    async list() {
      const { entries } = await directory.current(workspace);
      return Object.freeze([...entries.values()].map(factsOf));
    },
    async get(server) {
      const entry = await entryOf(keyOf(server));
      if (entry === undefined) return undefined;
      const { definition } = entry;
      return Object.freeze({
        ...factsOf(entry),
        ...(definition && { definition: structuredClone(definition) }),
      });
    },
  });
}

function factsOf(entry: ServerEntry): ServerFacts {
  const { id, stored, isEnabled, error, way } = entry;
  const { now, rolledBack } = way?.state ?? {};
  return Object.freeze({
    server: id,
    source: stored.sealed !== undefined || entry.base === undefined ? "stored" : "code",
    enabled: isEnabled,
    tools: stored.tools ?? Object.freeze({}),
    ...(now !== undefined && { route: now }),
    ...(rolledBack && { rolledBack }),
    ...(error && { error }),
  });
}

/** Whether there is a row: it has a version, unless it holds no JSON, and then it has an error. */
function isOfStore({ version, error }: ServerEntry): boolean {
  return version !== undefined || error !== undefined;
}

/** A copy as it is going to be stored: what is checked is what is kept. */
function plain(definition: unknown): Json {
  try {
    const text: unknown = JSON.stringify(definition);
    if (typeof text === "string") return JSON.parse(text) as Json;
  } catch {
    // A loop, or code of the value's own; its message may quote it.
  }
  throw new TenantryError("DEFINITION_INVALID", "definition: expected plain data, such as JSON has.");
}

function unknown(server: ServerId): never {
  const why = `The workspace has no server ${quote(server)}; set it first.`;
  throw new TenantryError("SERVER_UNKNOWN", why, { server });
}

function invalid(name: string, expected: string): TenantryError {
  return new TenantryError("ARGUMENT_INVALID", `${name}: expected ${expected}.`);
}
