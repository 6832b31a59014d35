import type { LanguageModel } from "ai";
import { MockLanguageModelV3 } from "ai/test";

/** What a model asks for in one step. */
export interface AskedTool {
  readonly name: string;
  readonly input?: object;
}

/** What a model was sent, step by step. */
export type Prompts = MockLanguageModelV3["doGenerateCalls"];

/** A model that asks for these tools, one list a step, and then repeats what they told it. */
export function scriptedModel(
  ...steps: (readonly AskedTool[])[]
): LanguageModel & { readonly doGenerateCalls: Prompts } {
  let step = 0;
  return new MockLanguageModelV3({
    doGenerate: ({ prompt }) => {
      const asked = steps[step++];
      const content = asked?.map(({ name, input = {} }, index) => ({
        type: "tool-call" as const,
        toolCallId: `call-${step}-${index}`,
        toolName: name,
        input: JSON.stringify(input),
      }));
      const tokens = { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 };
      return Promise.resolve({
        content: content ?? [{ type: "text" as const, text: toldBy(prompt) }],
        finishReason: { unified: content ? ("tool-calls" as const) : ("stop" as const), raw: undefined },
        usage: { inputTokens: tokens, outputTokens: { total: 1, text: 1, reasoning: 0 } },
        warnings: [],
      });
    },
  });
}

/** The outputs of all tools in a prompt. */
export function outputsIn(prompt: Prompts[number]["prompt"]) {
  return prompt.flatMap((message) =>
    message.role === "tool"
      ? message.content.flatMap((part) => (part.type === "tool-result" ? [part.output] : []))
      : [],
  );
}

function toldBy(prompt: Prompts[number]["prompt"]): string {
  return outputsIn(prompt)
    .map((output) => ("value" in output && typeof output.value === "string" ? output.value : output.type))
    .join("; ");
}
