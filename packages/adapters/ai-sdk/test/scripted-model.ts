import type { AskedTool } from "adapter-fixtures";
import type { LanguageModel } from "ai";
import { MockLanguageModelV3 } from "ai/test";

/** What a model was sent, turn by turn. */
export type Turns = MockLanguageModelV3["doGenerateCalls"];

/** A model that asks for these tools, one list a turn, and then has its say. */
export function scriptedModel(
  asked: readonly (readonly AskedTool[])[],
): LanguageModel & { readonly doGenerateCalls: Turns } {
  let turn = 0;
  const answer = () => {
    const content = asked[turn++]?.map(({ name, args = {} }, index) => ({
      type: "tool-call" as const,
      toolCallId: `call-${turn}-${index}`,
      toolName: name,
      input: JSON.stringify(args),
    }));
    const tokens = { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 };
    return {
      content: content ?? [{ type: "text" as const, text: "Done." }],
      finishReason: { unified: content ? ("tool-calls" as const) : ("stop" as const), raw: undefined },
      usage: { inputTokens: tokens, outputTokens: { total: 1, text: 1, reasoning: 0 } },
      warnings: [],
    };
  };
  return new MockLanguageModelV3({
    doGenerate: () => Promise.resolve(answer()),
    doStream: () => {
      const { content, finishReason, usage } = answer();
      const calls = content.filter((part) => part.type === "tool-call");
      const parts = [...calls, { type: "finish" as const, finishReason, usage }];
      return Promise.resolve({ stream: ReadableStream.from(parts) });
    },
  });
}

/** The outputs of all tools in what a model was sent last. */
export function outputsIn(turns: Turns) {
  return (turns.at(-1)?.prompt ?? []).flatMap((message) =>
    message.role === "tool"
      ? message.content.flatMap((part) => (part.type === "tool-result" ? [part.output] : []))
      : [],
  );
}
