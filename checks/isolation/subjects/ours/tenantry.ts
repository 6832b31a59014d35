import { onTenantry, server } from "../../on-tenantry.ts";

export const subject = onTenantry("tenantry", ({ as }) => ({
  listTools: async (user) => (await as(user).listTools()).tools,
  callTool: (user, tool, args, { signal }) => as(user).callTool({ server, tool }, args, { signal }),
}));
