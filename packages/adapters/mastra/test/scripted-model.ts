import type { AgentConfig } from "@mastra/core/agent";
import { MastraLanguageModelV2Mock } from "@mastra/core/test-utils/llm-mock";
import type { AskedTool } from "adapter-fixtures";
import { MockLanguageModelV3, MockLanguageModelV4 } from "ai/test";

/** What an agent sent its model in one turn. */
export type Turn = Parameters<Extract<MockLanguageModelV4["doGenerate"], (...all: never[]) => unknown>>[0];

/** The versions of the AI SDK's interface for models that Mastra takes. */
export const specifications = ["v2", "v3", "v4"] as const;

/** Which model it is. */
export interface ModelOptions {
  readonly specification?: (typeof specifications)[number];
  readonly provider?: string;
}

/** A model that asks for these tools, one list a turn, and then has its say. */
export function scriptedModel(
  asked: readonly (readonly AskedTool[])[],
  { specification = "v4", provider = "mock" }: ModelOptions = {},
): { readonly model: AgentConfig["model"]; readonly turns: Turn[] } {
  const turns: Turn[] = [];
  const answer = (turn: Turn) => {
    const number = turns.push(turn);
    const calls = asked[number - 1]?.map(({ name, args = {} }, index) => ({
      ...{ type: "tool-call" as const, toolCallId: `call-${number}-${index}` },
      ...{ toolName: name, input: JSON.stringify(args) },
    }));
    const reason = calls ? ("tool-calls" as const) : ("stop" as const);
    return {
      content: calls ?? [{ type: "text" as const, text: "Done." }],
      ...(specification === "v2"
        ? { finishReason: reason, usage: usageV2 }
        : { finishReason: { unified: reason, raw: undefined }, usage }),
      warnings: [],
    };
  };
  const config = {
    provider,
    modelId: "scripted",
    doGenerate: (turn: Turn) => Promise.resolve(answer(turn)),
    doStream: (turn: Turn) => Promise.resolve({ stream: ReadableStream.from(partsOf(answer(turn))) }),
  };
  const Model = { v2: MastraLanguageModelV2Mock, v3: MockLanguageModelV3, v4: MockLanguageModelV4 }[
    specification
  ];
  return { model: new Model(config as never) as AgentConfig["model"], turns };
}

/** The outputs of all tools in what a model was sent last. */
export function outputsIn(turns: readonly Turn[]) {
  return (turns.at(-1)?.prompt ?? []).flatMap((message) =>
    message.role === "tool"
      ? message.content.flatMap((part) => (part.type === "tool-result" ? [part.output] : []))
      : [],
  );
}

function* partsOf({
  content,
  finishReason,
  usage,
}: {
  content: object[];
  finishReason: unknown;
  usage: object;
}) {
  yield { type: "stream-start", warnings: [] };
  for (const part of content) {
    if (!("text" in part)) {
      yield part;
      continue;
    }
    yield { type: "text-start", id: "text" };
    yield { type: "text-delta", id: "text", delta: part.text };
    yield { type: "text-end", id: "text" };
  }
  yield { type: "finish", finishReason, usage };
}

const tokens = { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 } as const;
const usage = { inputTokens: tokens, outputTokens: { total: 1, text: 1, reasoning: 0 } } as const;
const usageV2 = { inputTokens: 1, outputTokens: 1, totalTokens: 2 } as const;
