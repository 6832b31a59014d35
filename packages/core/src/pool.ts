import type { AbortableOptions } from "./abort.ts";
import type { Context, CredentialProvider, ServerRef } from "./credential.ts";
import type { Principal, Scope } from "./scope.ts";
import type { ServerRequestHandlers } from "./server-requests.ts";
import type { Upstream } from "./upstream.ts";

/** What a pool is asked for: one server, for one scope. */
export interface Target {
  readonly scope: Scope;
  readonly server: ServerRef;
  readonly upstream: Upstream;
  /** Absent where the server needs no credential. */
  readonly credentials?: CredentialProvider;
  /**
   * What its connections are opened with for what the server asks there; they are a part of what `server.digest` names.
   * Absent: nothing may be asked but within a call that brings its own.
   */
  readonly handlers?: ServerRequestHandlers;
}

/** How a connection is borrowed. */
export interface AcquireOptions extends AbortableOptions {
  /** The asking request's context, from which its credential is resolved; it is not given to a scope without a user. */
  readonly context: Context;
}

/** How work is run. */
export interface RunOptions extends AcquireOptions {
  /**
   * Who asks, where calls of many wait for one shared connection; defaults to the scope's own user. It is somebody whom
   * the scope serves, and anybody else is `PRINCIPAL_INVALID` before anything is borrowed.
   */
  readonly principal?: Principal | undefined;
  /** What may be sent again: only what was surely refused unread, or also what may have run and is safe to repeat. */
  readonly resend: "refused" | "safe";
}

/** A connection on loan. It is not closed or evicted while the lease lasts. */
export interface Lease<C> extends Disposable {
  readonly connection: C;
  /** Gives the connection back; a second call does nothing. */
  release(): void;
}

/** Lends connections, one per scope, server, definition and credential subject. */
export interface ConnectionPool<C> {
  /**
   * Runs `work` with a connection; repairs the connection and runs it once more where `resend` allows. Rejects with what
   * the work throws, with `ARGUMENT_INVALID` where an argument is none, and with `CREDENTIAL_INVALID` where the provider
   * gives what is no credential; what it rejects with because of the signal is never read as a server's word.
   */
  run<T>(
    target: Target,
    work: (connection: C, attempt: number) => Promise<T>,
    options: RunOptions,
  ): Promise<T>;
  /** Borrows a connection until the lease is released; rejects as {@link run} does. */
  acquire(target: Target, options: AcquireOptions): Promise<Lease<C>>;
}
