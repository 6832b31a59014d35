import { TenantryError, type ServerRef, type ServerRequestHandlers } from "@tenantry/core";

/**
 * What a server is told that it may ask, when a connection to it is opened. A legacy server is told once, so that whoever
 * answers other requests has another connection.
 */
export interface Announcement {
  readonly server: ServerRef;
  /** The connection's own: what belongs to no call is refused. Absent where nothing may be asked. */
  readonly handlers: ServerRequestHandlers | undefined;
}

/** The announcement of the handlers with these names. */
export function announcementOf(server: ServerRef, names: readonly string[]): Announcement {
  if (names.length === 0) return Object.freeze({ server, handlers: undefined });
  const digest = [server.digest, ...names].join("+");
  const handlers = Object.fromEntries(names.map((name) => [name, refuse])) as ServerRequestHandlers;
  return Object.freeze({ server: Object.freeze({ ...server, digest }), handlers: Object.freeze(handlers) });
}

function refuse(): never {
  throw new TenantryError("CALL_DENIED", "It belongs to no call, so that it is nobody's to answer.");
}
