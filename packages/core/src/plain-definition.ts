import type { HostedServer, RemoteServer, ServerOptions } from "./server-definition.ts";
import type { Route } from "./switched-server.ts";

/** What every definition may say that is plain data. */
export interface PlainServerOptions extends Omit<ServerOptions, "credential" | "discovery" | "provenance"> {
  /** The name of a credential source of the host. */
  readonly credential?: string | undefined;
  /** The name of one, or `anonymous`. */
  readonly discovery?: string | undefined;
}

type Plain<D extends ServerOptions> = PlainServerOptions & Omit<D, keyof ServerOptions>;
type PlainRemote = Plain<RemoteServer> & { readonly url: string };
type PlainUpstream = Omit<PlainRemote | Plain<HostedServer>, "share" | "timeoutMs">;

/** A server that is reached in several ways, as plain data. */
export interface PlainSwitchedServer extends PlainServerOptions {
  readonly upstreams: Readonly<Record<string, PlainUpstream>>;
  readonly route: Route;
}

/** A definition as plain data, as a file or a store holds it: JSON, in which credentials are named. */
export type PlainDefinition = PlainRemote | Plain<HostedServer> | PlainSwitchedServer;
