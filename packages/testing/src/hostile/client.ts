import type { Era } from "@tenantry/core";

/** The bounds that a client is asked to keep, so that two clients meet the same case. */
export interface HostileLimits {
  /** The largest message, in bytes. */
  readonly maxMessageBytes: number;
  /** The most that one answer may carry as a stream, in bytes. */
  readonly maxStreamBytes: number;
  /** How many tools one server may list. */
  readonly maxTools: number;
  /** How long opening may take in all, in milliseconds. */
  readonly openTimeoutMs: number;
  /** How long each request may take in all, in milliseconds. */
  readonly timeoutMs: number;
}

/** A server behind a URL. */
export interface HostileUrl {
  readonly kind: "http";
  /** As somebody wrote it, malformed ones included. */
  readonly url: string;
  /** `code`: the host's own code wrote the URL, so that loopback is fine. `foreign`: somebody else did, and it must be public. */
  readonly provenance: "code" | "foreign";
  readonly transport: "streamable-http" | "sse";
  readonly era: Era;
  /** Headers that are secret and belong to the URL's origin. */
  readonly headers: Readonly<Record<string, string>>;
  readonly limits: HostileLimits;
}

/** A server that is a child process. */
export interface HostileCommand {
  readonly kind: "stdio";
  readonly command: string;
  readonly args: readonly string[];
  readonly era: Era;
  readonly limits: HostileLimits;
}

/** What a client is to connect to. It is plain data, so that it can be sent to a client in another process. */
export type HostileTarget = HostileUrl | HostileCommand;

/** What a client may use of its surroundings. */
export interface Surroundings {
  /** Resolves names as the case wants them resolved, for a client that can be given a resolver. */
  readonly lookup: (hostname: string) => Promise<readonly string[]>;
}

/** An MCP client under test. One object is one client: what it shares between connections, such as sockets, it may share. */
export interface HostileClient {
  /** How it is called in a report. */
  readonly name: string;
  /** Opens a connection; rejects where it cannot or will not. */
  open(target: HostileTarget, surroundings: Surroundings): Promise<HostileSession>;
  /** Lets go of what it shares between connections. */
  close?(): Promise<void>;
}

/** One open connection of a client under test. */
export interface HostileSession {
  /** Lists all tools, every page; rejects where the list is not to be had. */
  listTools(): Promise<unknown>;
  /** Calls a tool, and asks for its progress. */
  callTool(name: string, args: Readonly<Record<string, unknown>>): Promise<unknown>;
  close(): Promise<void>;
}
