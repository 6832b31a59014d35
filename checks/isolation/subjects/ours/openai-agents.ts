import { RunContext } from "@openai/agents";
import { functionTools, mcpServer } from "@tenantry/openai-agents";
import { onTenantry, server } from "../../on-tenantry.ts";

/** One list of function tools for all users, each call with its user in the run's context; lists by each one's MCP server. */
export const subject = onTenantry("@tenantry/openai-agents", async ({ as, catalog }) => {
  const clientOf = ({ context }: RunContext<{ user: string }>) => as(context.user);
  const { tools } = await functionTools({ catalog, clientOf });
  return {
    listTools: async (user) => mcpServer(as(user)).listTools(),
    callTool: async (user, tool, args, { signal }) =>
      tools
        .find(({ name }) => name === `${server}__${tool}`)
        ?.invoke(new RunContext({ user }), JSON.stringify(args), { signal } as never),
  };
});
