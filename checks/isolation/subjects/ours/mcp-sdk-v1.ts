import { connect } from "@tenantry/mcp-sdk/v1";
import { onTenantry, server } from "../../on-tenantry.ts";

/** An official client for each user, kept by the host, all over the one instance. */
export const subject = onTenantry("@tenantry/mcp-sdk/v1", ({ as }) => {
  const clients = new Map<string, ReturnType<typeof connect>>();
  const clientOf = (user: string) => {
    const client = clients.get(user) ?? connect(as(user), { server });
    clients.set(user, client);
    return client;
  };
  return {
    listTools: async (user) => (await (await clientOf(user)).listTools()).tools.map(({ name }) => name),
    callTool: async (user, tool, args, { signal }) => {
      const client = await clientOf(user);
      return client.callTool({ name: tool, arguments: args }, undefined, { signal });
    },
    close: async () => {
      for (const client of clients.values()) await (await client).close();
    },
  };
});
