import { structuredTools } from "@tenantry/langchain";
import { onTenantry, server } from "../../on-tenantry.ts";

/** One list of tools for all users, each call with its user in the run's config. */
export const subject = onTenantry("@tenantry/langchain", async ({ as, catalog }) => {
  const { tools } = await structuredTools({
    catalog,
    clientOf: ({ configurable }) => as(configurable?.["user"] as string),
  });
  return {
    listTools: async (user) => (await structuredTools(as(user))).tools,
    callTool: async (user, tool, args, { signal }) =>
      tools
        .find(({ name }) => name === `${server}__${tool}`)
        ?.invoke(args, { configurable: { user }, signal }),
  };
});
