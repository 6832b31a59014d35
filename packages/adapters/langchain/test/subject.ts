import { randomUUID } from "node:crypto";
import type { FailureFacts } from "@tenantry/core/adapter";
import type { DynamicStructuredTool } from "@langchain/core/tools";
import type { AskedTool, Subject } from "adapter-fixtures";
import { structuredTools, type ToolCall } from "../src/index.ts";
import type { MakeAgent } from "./agents.ts";
import { scriptedModel, toolMessages } from "./scripted-model.ts";

/** A message of whoever uses an agent. */
export const input = { messages: [{ role: "user", content: "Do it." }] };

/** The user whom a call's config names, as the agents of both packages have it. */
export const userOf = ({ configurable, context }: ToolCall<{ user?: string } | undefined>) =>
  (context?.user ?? configurable?.["user"]) as string | undefined;

const approved = () => ({ decisions: [{ type: "approve" }] });

/** Runs agents of one package; `named` gives a run the host's own context. */
export function langchain(makeAgent: MakeAgent, named: (user: string) => object) {
  const run = async (
    tools: DynamicStructuredTool[],
    turns: readonly (readonly AskedTool[])[],
    config: object = {},
  ) => {
    const model = scriptedModel(turns);
    const { messages } = await makeAgent(model, tools).invoke(input, withThread(config));
    return { model, answers: toolMessages(messages) };
  };
  const subject: Subject<ToolCall<{ user?: string } | undefined>, DynamicStructuredTool[]> = {
    offer: (source, options) =>
      structuredTools(source, { ...options, ...(options?.needsApproval && { interrupt: approved }) }),
    userOf,
    namesOf: (tools) => tools.map(({ name }) => name),
    async run(tools, turns, { user, signal } = {}) {
      const config = { ...(user !== undefined && named(user)), ...(signal && { signal }) };
      const { answers } = await run(tools, turns, config);
      const told = answers.map(({ content }) =>
        typeof content === "string" ? content : JSON.stringify(content),
      );
      return {
        answers: told,
        sent: [tools.map(({ name, description, schema }) => ({ name, description, schema })), told],
        failures: answers.flatMap(({ artifact }) =>
          (artifact as FailureFacts | undefined)?.code === undefined ? [] : [artifact as FailureFacts],
        ),
      };
    },
  };
  return { subject, run };
}

/** A run in a thread of its own. */
export function withThread(config: object): { configurable: Record<string, unknown> } {
  const { configurable } = config as ToolCall;
  return { ...config, configurable: { thread_id: randomUUID(), ...configurable } };
}
