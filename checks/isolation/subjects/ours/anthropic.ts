import { runnableTools } from "@tenantry/anthropic";
import { onTenantry, server } from "../../on-tenantry.ts";

/** The tools of each user's run, as the tool runner calls them. */
export const subject = onTenantry("@tenantry/anthropic", ({ as }) => {
  const toolsOf = async (user: string) => (await runnableTools(as(user))).tools;
  return {
    listTools: toolsOf,
    async callTool(user, tool, args, { signal }) {
      const name = `${server}__${tool}`;
      const toolUse = { type: "tool_use", id: "1", name, input: args } as const;
      return (await toolsOf(user))
        .find((one) => one.name === name)
        ?.run(args, { toolUse, toolUseBlock: toolUse, signal });
    },
  };
});
