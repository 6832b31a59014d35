import { toolSet, type ToolCall } from "@tenantry/ai-sdk";
import { onTenantry, server } from "../../on-tenantry.ts";

/** One tool set for all users, each call with its user in the context. */
export const subject = onTenantry("@tenantry/ai-sdk", async ({ as, catalog }) => {
  const clientOf = ({ context }: ToolCall<{ user: string }>) => as(context.user);
  const { tools } = await toolSet({ catalog, clientOf });
  return {
    listTools: async (user) => Object.entries((await toolSet(as(user))).tools),
    callTool: async (user, tool, args, { signal }) =>
      tools[`${server}__${tool}`]?.execute?.(args, {
        ...{ toolCallId: "1", messages: [], abortSignal: signal, context: { user } },
      }),
  };
});
