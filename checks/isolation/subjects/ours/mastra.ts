import { RequestContext } from "@mastra/core/request-context";
import { toolset } from "@tenantry/mastra";
import { onTenantry, server } from "../../on-tenantry.ts";

/** One toolset for all users, each call with its user in the request's context. */
export const subject = onTenantry("@tenantry/mastra", async ({ as, catalog }) => {
  const { tools } = await toolset<{ user: string }>({
    catalog,
    clientOf: ({ requestContext }) => as(requestContext.get("user")),
  });
  return {
    listTools: async (user) => Object.entries((await toolset(as(user))).tools),
    callTool: async (user, tool, args, { signal }) => {
      const requestContext = new RequestContext([["user", user]]);
      return tools[`${server}__${tool}`]?.execute?.(args, { requestContext, abortSignal: signal } as never);
    },
  };
});
