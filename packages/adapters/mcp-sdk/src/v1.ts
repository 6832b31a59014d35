import { Client, type ClientOptions } from "@modelcontextprotocol/sdk/client/index.js";
import type { WorkspaceClient } from "@tenantry/core";
import { parted, type OwnOptions } from "./connect-options.ts";
import { WorkspaceTransport } from "./transport.ts";

/** How a client of `@modelcontextprotocol/sdk` is made: its own options, and what it sees. */
export interface ConnectOptions extends OwnOptions, ClientOptions {}

/**
 * Gives the official client of `@modelcontextprotocol/sdk` (version 1), connected: everything that it is asked is done as
 * the user. With `listChanged`, lists are listened to. Throws `ARGUMENT_INVALID` without a user's client.
 */
export async function connect(client: WorkspaceClient, options: ConnectOptions = {}): Promise<Client> {
  const { info, sdk, seen } = parted(options);
  const made = new Client(info, sdk);
  await made.connect(new WorkspaceTransport(client, seen));
  return made;
}
