import { Client, type ClientOptions } from "@modelcontextprotocol/client";
import type { WorkspaceClient } from "@tenantry/core";
import { parted, type OwnOptions } from "./connect-options.ts";
import { WorkspaceTransport } from "./transport.ts";

/** How a client of `@modelcontextprotocol/client` is made: its own options, and what it sees. */
export interface ConnectOptions extends OwnOptions, ClientOptions {}

/**
 * Gives the official client of `@modelcontextprotocol/client` (version 2), connected: everything that it is asked is done as
 * the user. With `listChanged`, lists are listened to. Throws `ARGUMENT_INVALID` without a user's client.
 */
export async function connect(client: WorkspaceClient, options: ConnectOptions = {}): Promise<Client> {
  const { info, sdk, seen } = parted(options);
  const made = new Client(info, sdk);
  await made.connect(new WorkspaceTransport(client, seen));
  return made;
}
