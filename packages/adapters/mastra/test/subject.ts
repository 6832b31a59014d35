import { Mastra } from "@mastra/core";
import { Agent } from "@mastra/core/agent";
import { RequestContext } from "@mastra/core/request-context";
import { InMemoryStore } from "@mastra/core/storage";
import type { AskedTool, Failure, Subject } from "adapter-fixtures";
import { toolset, type ToolCall, type Toolset } from "../src/index.ts";
import { outputsIn, scriptedModel, type ModelOptions } from "./scripted-model.ts";

/** The host's own values of a request. */
export interface Values extends Record<string, unknown> {
  readonly user: string;
}

/** A request of one user. */
export const named = (user: string) => ({ requestContext: new RequestContext<Values>([["user", user]]) });

/** The user whom a call's context names. */
export const userOf = ({ requestContext }: ToolCall<Values>) => requestContext.get("user");

/** One streamed run of an agent whose model asks for these tools. */
export async function run(
  tools: Toolset,
  asked: readonly (readonly AskedTool[])[],
  more: object = {},
  options?: ModelOptions,
) {
  const { agent, turns } = agentThatAsks(asked, options);
  const stream = await agent.stream("Do it.", { toolsets: { tenantry: tools }, maxSteps: 20, ...more });
  return { agent, turns, runId: stream.runId, ...(await read(stream)), answers: answersIn(turns) };
}

/** An agent whose model asks for these tools, with what it sent its model. */
export function agentThatAsks(asked: readonly (readonly AskedTool[])[], options?: ModelOptions) {
  const { model, turns } = scriptedModel(asked, options);
  const agent = new Agent({ id: "agent", name: "Agent", instructions: "Do it.", model });
  new Mastra({ agents: { agent }, storage: new InMemoryStore(), logger: false });
  return { agent, turns };
}

/** All that a run streams, and the failures in it. */
export async function read({ fullStream }: Pick<Awaited<ReturnType<Agent["stream"]>>, "fullStream">) {
  const chunks = [];
  for await (const chunk of fullStream) chunks.push(chunk);
  const errors = chunks.flatMap((chunk) =>
    chunk.type === "tool-error" ? [chunk.payload.error as Error] : [],
  );
  return { chunks, errors };
}

/** What the tools told the model, each as text. */
export function answersIn(turns: Parameters<typeof outputsIn>[0]): string[] {
  return outputsIn(turns).map((output) =>
    "value" in output && typeof output.value === "string" ? output.value : JSON.stringify(output),
  );
}

export const subject: Subject<ToolCall<Values>, Toolset> = {
  ...{ offer: toolset<Values>, userOf, namesOf: Object.keys },
  async run(tools, asked, { user, signal } = {}) {
    const more = { ...(user !== undefined && named(user)), ...(signal && { abortSignal: signal }) };
    const { answers, turns, errors } = await run(tools, asked, more);
    return { answers, sent: turns, failures: errors.map(({ cause }) => cause as Failure) };
  },
};
