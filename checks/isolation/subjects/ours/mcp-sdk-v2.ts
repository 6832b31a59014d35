import { connect } from "@tenantry/mcp-sdk/v2";
import { sdkClients } from "../../sdk-clients.ts";

export const subject = sdkClients("@tenantry/mcp-sdk/v2", connect, (client, name, args, signal) =>
  client.callTool({ name, arguments: { ...args } }, { signal }),
);
