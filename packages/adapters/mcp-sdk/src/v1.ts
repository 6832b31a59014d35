import { Client, type ClientOptions } from "@modelcontextprotocol/sdk/client/index.js";
import type { Implementation, WorkspaceClient } from "@tenantry/core";
import { clientInfo } from "./client-info.ts";
import { WorkspaceTransport, type TransportOptions } from "./transport.ts";

/** How a client of `@modelcontextprotocol/sdk` is made: its own options, and what it sees. */
export interface ConnectOptions extends TransportOptions, ClientOptions {
  /** What the client calls itself; it goes to no server. */
  readonly clientInfo?: Implementation | undefined;
}

/**
 * Gives the official client of `@modelcontextprotocol/sdk` (version 1), connected: everything that it is asked is done as
 * the user. With `listChanged`, lists are listened to. Throws `ARGUMENT_INVALID` without a user's client.
 */
export async function connect(client: WorkspaceClient, options: ConnectOptions = {}): Promise<Client> {
  const { clientInfo: info = clientInfo, server, changes, serverInfo, instructions, ...sdk } = options;
  const made = new Client(info, sdk);
  const seen = { server, changes: changes ?? sdk.listChanged !== undefined, serverInfo, instructions };
  await made.connect(new WorkspaceTransport(client, seen));
  return made;
}
