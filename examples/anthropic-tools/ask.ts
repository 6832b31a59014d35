import type { Anthropic } from "@anthropic-ai/sdk";
import { runnableTools } from "@tenantry/anthropic";
import type { WorkspaceClient } from "tenantry";

/** Lets the model answer one user, with that user's tools; an abort of `signal` ends the call that is under way at its server. */
export async function ask(
  anthropic: Anthropic,
  client: WorkspaceClient,
  prompt: string,
  signal?: AbortSignal,
): Promise<string> {
  const { tools, unavailable } = await runnableTools(client);
  for (const { server, error } of unavailable) console.warn(server, error.message);
  const messages = [{ role: "user" as const, content: prompt }];
  const request = { model: "claude-opus-5-5", max_tokens: 1024, max_iterations: 8, messages, tools };
  const { content } = await anthropic.beta.messages.toolRunner(request, { signal });
  return content.map((block) => (block.type === "text" ? block.text : "")).join("");
}
