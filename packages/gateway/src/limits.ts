import { fillLimits } from "@tenantry/core";

/** The bounds of one gateway; every one has a default. */
export interface GatewayLimits {
  /** The largest body of a request, in bytes. Defaults to 4 MiB. */
  readonly maxBodyBytes: number;
  /** How long a request's body may take to arrive, in milliseconds. Defaults to 10,000. */
  readonly bodyTimeoutMs: number;
  /** The most that a request's headers may have together, in characters. Defaults to 16 Ki. */
  readonly maxHeaderCharacters: number;
  /** The deepest nesting of a message. Defaults to 64. */
  readonly maxDepth: number;
  /** How many items one page of a list has. Defaults to 1,000. */
  readonly maxPageItems: number;
  /** How long a client may keep a list without asking again, in milliseconds (`ttlMs`); may be 0. Defaults to 10,000. */
  readonly listTtlMs: number;
  /** How many requests of one principal may be under way. Defaults to 128. */
  readonly maxRequestsPerPrincipal: number;
  /** How many streams one principal may hear changes on. Defaults to 16. */
  readonly maxStreamsPerPrincipal: number;
  /** How many resources one client may watch. Defaults to 256. */
  readonly maxWatched: number;
  /** How long the URI of a watched resource may be, in characters. Defaults to 2,048. */
  readonly maxWatchedCharacters: number;
  /** How much of a stream may wait for a client that does not read it, in bytes. Defaults to 4 MiB. */
  readonly maxUnreadBytes: number;
  /**
   * How long a stream of changes may be open before it ends, so that its client comes back and says again who it is, and how
   * long a large answer may wait for its client to read it, in milliseconds. Defaults to 15 minutes.
   */
  readonly streamMs: number;
  /** How long a stream is silent before a comment says that it is there, in milliseconds. Defaults to 15,000. */
  readonly keepAliveMs: number;
  /** For how long changes of one kind are gathered and told once, in milliseconds. Defaults to 100. */
  readonly gatherMs: number;
  /** How long a legacy session may last in all, in milliseconds. Defaults to a day. */
  readonly sessionMs: number;
  /**
   * How many legacy sessions may have something of their own in this process, and how many that have ended it remembers.
   * Defaults to 10,000.
   */
  readonly maxSessions: number;
  /** How many of either one principal may have before what is kept of its oldest is forgotten. Defaults to 64. */
  readonly maxSessionsPerPrincipal: number;
  /**
   * How long a cursor, a state and a question are good, in milliseconds, and at most a call waits for its client to come back
   * with answers: its own deadline, which the `WorkspaceClient` has, goes on meanwhile. Defaults to ten minutes.
   */
  readonly answerMs: number;
  /** How many calls may wait for a modern client to come back with answers, in all. Defaults to 1,000. */
  readonly maxHeldCalls: number;
  /** How many of these one principal may have. Defaults to 8. */
  readonly maxHeldCallsPerPrincipal: number;
  /** Through how many gateways a request may have come. Defaults to 8. */
  readonly maxHops: number;
}

const defaults: GatewayLimits = Object.freeze({
  maxBodyBytes: 4 * 1024 * 1024,
  bodyTimeoutMs: 10_000,
  maxHeaderCharacters: 16 * 1024,
  maxDepth: 64,
  maxPageItems: 1_000,
  listTtlMs: 10_000,
  maxRequestsPerPrincipal: 128,
  maxStreamsPerPrincipal: 16,
  maxWatched: 256,
  maxWatchedCharacters: 2_048,
  maxUnreadBytes: 4 * 1024 * 1024,
  streamMs: 900_000,
  keepAliveMs: 15_000,
  gatherMs: 100,
  sessionMs: 86_400_000,
  maxSessions: 10_000,
  maxSessionsPerPrincipal: 64,
  answerMs: 600_000,
  maxHeldCalls: 1_000,
  maxHeldCallsPerPrincipal: 8,
  maxHops: 8,
});

/** Fills in the defaults; throws `CONFIG_INVALID` for a limit that there is not or that is malformed. */
export function gatewayLimits(given: Partial<GatewayLimits> | undefined): GatewayLimits {
  return fillLimits(given, defaults, { mayBeZero: ["listTtlMs"] });
}
