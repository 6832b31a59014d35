import type { Origin, Scope, ServerId, ServerRef, SessionId, UserId, WorkspaceId } from "@tenantry/core";
import type { PoolLimits } from "../src/limits.ts";
import type { Selection } from "../src/selection.ts";

/** A bound that something counts towards, and among whom. */
export interface BoundOf {
  readonly limit: keyof PoolLimits;
  readonly key: string;
}

/** One scope at one server: whom a connection may serve, and where. All keys are made apart from the pool's own. */
export interface Seat {
  readonly name: string;
  readonly scope: Scope;
  readonly server: ServerRef;
  readonly workspace: string | undefined;
  /** Whom its failures count for. */
  readonly principal: string;
  /** Where its requests go, whoever sends them; absent where nobody else's go there. */
  readonly origin: string | undefined;
  /** Absent where the server takes none. */
  readonly hasCredential: boolean;
  readonly connectionBounds: readonly BoundOf[];
  readonly callBounds: readonly BoundOf[];
}

const scopes = Object.freeze([
  userScope("acme", "ada"),
  userScope("acme", "ada", "s1"),
  userScope("globex", "ada"),
  userScope("acme", "bob"),
  Object.freeze({ share: "workspace", workspace: "acme" as WorkspaceId } as const),
  Object.freeze({ share: "discovery", workspace: "acme" as WorkspaceId } as const),
  Object.freeze({ share: "everyone" } as const),
]);

const origin = "https://shared.example" as Origin;

/** Two servers of one origin, and one without. */
const servers: readonly ServerRef[] = Object.freeze([
  Object.freeze({ id: "files" as ServerId, digest: "1", origin }),
  Object.freeze({ id: "mail" as ServerId, digest: "1", origin }),
  Object.freeze({ id: "tool" as ServerId, digest: "1" }),
]);

export const scopeCount = scopes.length;
export const serverCount = servers.length;

/** Every scope at every server; `seats[scope * serverCount + server]`. */
export const seats: readonly Seat[] = Object.freeze(
  scopes.flatMap((scope) => servers.map((server) => seatOf(scope, server))),
);

const seatsByScope: ReadonlyMap<Scope, readonly Seat[]> = new Map(
  scopes.map((scope) => [scope, seats.filter((seat) => seat.scope === scope)]),
);

/** The seat that the pool names by its own objects; `undefined` where there is none. */
export function findSeat(scope: Scope, server: ServerId): Seat | undefined {
  return seatsByScope.get(scope)?.find((seat) => seat.server.id === server);
}

/** Whether a selection means a connection of this seat with a credential of this subject. */
export function isMeant(selection: Selection, seat: Seat, subject: string | undefined): boolean {
  return concernsSeat(selection, seat) && (selection.subject ?? subject) === subject;
}

/** Whether a selection means this seat, whosever authority is used there. */
export function concernsSeat(selection: Selection, { scope, server, workspace }: Seat): boolean {
  const { user, session } = scope.share === "user" ? scope : {};
  const facts = { workspace, user, session, server: server.id };
  return (["workspace", "user", "session", "server"] as const).every(
    (name) => selection[name] === undefined || selection[name] === facts[name],
  );
}

/** The bound of one user's calls, whatever the connection. */
export function callsOf(user: string): BoundOf {
  return { limit: "maxCallsPerUser", key: `maxCallsPerUser of ${user}` };
}

function userScope(workspace: string, user: string, session?: string): Scope {
  const scope = { share: "user", workspace: workspace as WorkspaceId, user: user as UserId } as const;
  return Object.freeze(session === undefined ? scope : { ...scope, session: session as SessionId });
}

function seatOf(scope: Scope, server: ServerRef): Seat {
  const workspace = scope.share === "everyone" ? undefined : scope.workspace;
  const user = scope.share === "user" ? `${scope.workspace}/${scope.user}` : undefined;
  const session = scope.share === "user" && scope.session !== undefined ? `#${scope.session}` : "";
  const principal = user ?? `${scope.share} ${workspace ?? ""}`;
  const bound = (limit: keyof PoolLimits, key: string | undefined): BoundOf[] =>
    key === undefined ? [] : [{ limit, key: `${limit} of ${key}` }];
  const here = `${workspace ?? "everyone"}/${server.id}`;
  return Object.freeze({
    name: `${principal}${session} at ${server.id}`,
    scope,
    server,
    workspace,
    principal,
    origin: server.origin,
    hasCredential: scope.share === "user" || server.origin !== undefined,
    connectionBounds: [
      ...bound("maxConnections", "all"),
      ...bound("maxConnectionsPerWorkspace", workspace),
      ...bound("maxConnectionsPerUser", user),
      ...bound("maxConnectionsPerServer", here),
    ],
    callBounds: [
      ...(user === undefined ? [] : [callsOf(user)]),
      ...bound("maxCallsPerServer", server.origin ?? here),
    ],
  });
}
