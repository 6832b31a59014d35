import { interrupt, MemorySaver } from "@langchain/langgraph";
import type { ChatOpenAI } from "@langchain/openai";
import { structuredTools, type ToolCall } from "@tenantry/langchain";
import { createAgent } from "langchain";
import type { CatalogTool, Workspace } from "tenantry";

/** An agent that keeps notes. */
export type Agent = Awaited<ReturnType<typeof makeAgent>>;

/** Makes one agent for everybody: whoever asks is named by each run's own config, and their key is looked up here. */
export async function makeAgent(
  model: ChatOpenAI,
  workspace: Workspace,
  keyOf: (user: string) => string | undefined,
) {
  const clientOf = ({ configurable }: ToolCall) => {
    const user = configurable?.["user"] as string;
    return workspace.as(user, { key: keyOf(user) });
  };
  const needsApproval = ({ annotations }: CatalogTool) => annotations?.destructiveHint === true;
  const { tools, unavailable } = await structuredTools(
    { catalog: workspace.discovery(), clientOf },
    { needsApproval, interrupt },
  );
  for (const { server, error } of unavailable) console.warn(server, error.message);
  const systemPrompt = "You keep the user's notes, with the tools that you have. Quote notes word for word.";
  return createAgent({ model, tools, systemPrompt, checkpointer: new MemorySaver() });
}

/** The run's config of a signed-in user, who has one thread. A key has no place in it: LangChain copies it to traces. */
export function configOf(user: string) {
  return { configurable: { thread_id: user, user } };
}
