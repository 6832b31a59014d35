import type { Memory, UUID } from "@elizaos/core";
import { tenantryPlugin } from "@tenantry/elizaos";
import { messageOf, startAgent } from "../../../../packages/adapters/elizaos/test/agent.ts";
import { onTenantry, server } from "../../on-tenantry.ts";

/** One agent for all users, each call with its user in the message. */
export const subject = onTenantry("@tenantry/elizaos", async ({ as, catalog }) => {
  const clientOf = ({ message }: { readonly message: Memory }) => as(message.entityId);
  const agent = await startAgent(tenantryPlugin({ catalog, clientOf }, { showOwn: true }));
  const { runtime } = agent;
  return {
    async listTools(user) {
      const { values, text } = await runtime.composeState(messageOf(user as UUID));
      const mcp = values["mcp"] as Readonly<Record<string, { readonly tools: object }>>;
      // What else is in a prompt is in it beside the first.
      return Object.entries(mcp[server]?.tools ?? {}).map((tool, at) => (at === 0 ? [...tool, text] : tool));
    },
    callTool: async (user, tool, args, { signal }) => {
      const action = runtime.actions.find(({ name }) => name === `${server}__${tool}`);
      const options = { abortSignal: signal, actionParams: args };
      return action?.handler(runtime, messageOf(user as UUID), undefined, options);
    },
    async close() {
      await agent[Symbol.asyncDispose]();
    },
  };
});
