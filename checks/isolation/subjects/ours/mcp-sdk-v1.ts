import { connect } from "@tenantry/mcp-sdk/v1";
import { sdkClients } from "../../sdk-clients.ts";

export const subject = sdkClients("@tenantry/mcp-sdk/v1", connect, (client, name, args, signal) =>
  client.callTool({ name, arguments: { ...args } }, undefined, { signal }),
);
