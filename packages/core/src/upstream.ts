import type { AbortableOptions } from "./abort.ts";
import type { Era } from "./server-definition.ts";
import type { Scope } from "./scope.ts";
import type { Secret } from "./secret.ts";

/** A `fetch` as the web platform defines it. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** Who wrote a URL or a command: the host's own code, which is trusted to name what it names, or anybody else. */
export type Provenance = "code" | "foreign";

/** Why a connection or a pipe ended. */
export interface CloseReason {
  /** `closed` by its owner, or `lost` because the other side went away. */
  readonly kind: "closed" | "lost";
  readonly cause?: unknown;
}

/** A two-way stream of JSON-RPC messages, already framed and parsed: a child's stdio, or a server in this process. */
export interface Pipe {
  /** Begins delivery; every message that arrives is given to `receive`, in order. Called once. */
  start(receive: (message: unknown) => void): void;
  /** Sends one message; rejects with `CONNECTION_LOST` once the pipe has ended. */
  send(message: unknown): Promise<void>;
  /** Resolves when the pipe has ended, by either side. */
  readonly closed: Promise<CloseReason>;
  /** Ends the pipe and whatever is behind it; gives the same promise every time. */
  close(): Promise<void>;
}

/** How a pipe is opened. */
export interface OpenPipeOptions extends AbortableOptions {
  /** The credential's environment variables. */
  readonly env: Readonly<Record<string, Secret>>;
}

/** Where a connection leads. */
export type Endpoint = HttpEndpoint | PipeEndpoint;

/** A server behind a URL. */
export interface HttpEndpoint {
  readonly kind: "http";
  readonly url: URL;
  readonly provenance: Provenance;
  /** The definition's own headers, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The protocol era, where it is known beforehand. */
  readonly era?: Era;
}

/** A server behind a pipe. */
export interface PipeEndpoint {
  readonly kind: "pipe";
  readonly era?: Era;
  open(options: OpenPipeOptions): Promise<Pipe>;
}

/** What a server id leads to. Remote and hosted servers differ only here. */
export interface Upstream {
  /** Borrows the endpoint for one connection; it is disposed of after the connection has closed. */
  endpoint(
    scope: Scope,
    options: AbortableOptions,
  ): Promise<AsyncDisposable & { readonly endpoint: Endpoint }>;
}
