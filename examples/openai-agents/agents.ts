import { Agent, type RunContext } from "@openai/agents";
import { functionTools, mcpServer } from "@tenantry/openai-agents";
import type { Workspace, WorkspaceClient } from "tenantry";

/** What a run is told of whoever asks; no model sees it. */
export interface User {
  readonly id: string;
}

const about = {
  name: "Clerk",
  instructions: "You keep the user's notes, with the tools that you have. Quote notes word for word.",
};

/** One agent for everybody, with function tools: each call is made as the user whom the run's own context names. */
export async function agentForEverybody(
  workspace: Workspace,
  clientOf: (user: string) => WorkspaceClient,
): Promise<Agent<User>> {
  const { tools, unavailable } = await functionTools({
    catalog: workspace.discovery(),
    clientOf: ({ context }: RunContext<User>) => clientOf(context.id),
  });
  for (const { server, error } of unavailable) console.warn(server, error.message);
  return new Agent<User>({ ...about, tools });
}

/** An agent of one user's own, which has that user's tools as an MCP server of the SDK's kind. */
export function agentOf(client: WorkspaceClient): Agent {
  return new Agent({ ...about, mcpServers: [mcpServer(client)] });
}
