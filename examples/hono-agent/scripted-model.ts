import type { AgentConfig } from "@mastra/core/agent";
import { MastraLanguageModelV2Mock } from "@mastra/core/test-utils/llm-mock";

type Options = Parameters<MastraLanguageModelV2Mock["doGenerate"]>[0];

/** Mastra's own test model. It uses the tools that a prompt names, in turn, as far as it has them, and repeats their answers. */
export function scriptedModel(): AgentConfig["model"] {
  const doGenerate = (options: Options) => Promise.resolve(replyTo(options));
  // The class has the type that Mastra takes, up to a property that may be absent and not `undefined`.
  return new MastraLanguageModelV2Mock({ doGenerate }) as AgentConfig["model"];
}

/** All that it knows is in the request: it keeps nothing of one user that another could meet. */
function replyTo({ prompt, tools = [] }: Options) {
  const text = prompt.flatMap(({ role, content }) => (role === "user" ? content.map(textOf) : [])).join(" ");
  const told = prompt.flatMap(({ role, content }) => (role === "tool" ? content.map(outputOf) : []));
  const named = [...text.matchAll(/(\w+__\w+)(?: for "([^"]*)")?/gu)];
  const has = (name: string | undefined) => tools.some((tool) => tool.name === name);
  const [, toolName = "", note] = named.filter(([, name]) => has(name))[told.length] ?? [];
  const call = { toolName, toolCallId: `call-${told.length}`, input: JSON.stringify({ text: note }) };
  return {
    content: [
      toolName === ""
        ? { type: "text" as const, text: told.join("; ") || "I have no such tool." }
        : { type: "tool-call" as const, ...call },
    ],
    finishReason: toolName === "" ? ("stop" as const) : ("tool-calls" as const),
    usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 },
    warnings: [],
  };
}

function textOf(part: { readonly type: string; readonly text?: string }): string {
  return part.text ?? "";
}

function outputOf({ output }: { readonly output: { readonly value: unknown } }): string {
  return String(output.value);
}
