import type { CredentialSource } from "./credential.ts";
import type { Share } from "./scope.ts";
import type { SwitchedServer } from "./switched-server.ts";
import type { OpenPipeOptions, Pipe, Provenance } from "./upstream.ts";

/** The two protocol eras: `legacy` has a handshake and may have a session (up to 2025-11-25), `modern` has neither. */
export type Era = "legacy" | "modern";

/** What every server definition may say. */
export interface ServerOptions {
  /** What the server asks of each principal; several are sent together. Absent: no credential. */
  readonly credential?: CredentialSource | readonly CredentialSource[] | undefined;
  /** With what the server's lists are read before there is a user; absent: they are not. */
  readonly discovery?: CredentialSource | "anonymous" | undefined;
  /** Who may share one connection; defaults to `user`: nobody. */
  readonly share?: Share | undefined;
  /** The protocol era, where it is known; it saves the question. */
  readonly era?: Era | undefined;
  /** How long one request may take, in milliseconds; defaults to 60,000. */
  readonly timeoutMs?: number | undefined;
  /**
   * What the host takes this server's word for; defaults to nothing, and only the host's own code may say it. With
   * `annotations`, policies go by what its tools are declared to be, and a call of one that is declared read-only or
   * idempotent is sent again where it may not have arrived.
   */
  readonly trust?: { readonly annotations?: boolean | undefined } | undefined;
  /** Who wrote this definition; defaults to `code`, the host's own. {@link parseDefinition} sets `foreign`. */
  readonly provenance?: Provenance | undefined;
}

/** A server behind a URL. */
export interface RemoteServer extends ServerOptions {
  readonly url: string | URL;
  /** Headers for every request to the server's own origin; they win over a credential's unless it says otherwise. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly command?: never;
  readonly connect?: never;
  readonly upstreams?: never;
}

/** A server that runs as a child process and speaks over its stdio. */
export interface HostedServer extends ServerOptions {
  readonly command: string;
  readonly args?: readonly string[] | undefined;
  /** The child's whole environment, beside the credential's variables and a standard `PATH`. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  readonly url?: never;
  readonly connect?: never;
  readonly upstreams?: never;
}

/** A server inside this process. */
export interface InProcessServer extends ServerOptions {
  /** Opens one pipe to it; called once a connection. */
  readonly connect: (options: OpenPipeOptions) => Promise<Pipe>;
  readonly url?: never;
  readonly command?: never;
  readonly upstreams?: never;
}

/** A server that is reached in one way. */
export type DirectServer = RemoteServer | HostedServer | InProcessServer;

/** How to reach one MCP server. */
export type ServerDefinition = DirectServer | SwitchedServer;
