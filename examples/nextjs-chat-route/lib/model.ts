import { simulateStreamingMiddleware, wrapLanguageModel, type LanguageModel } from "ai";
import { MockLanguageModelV4 } from "ai/test";

type Options = Parameters<MockLanguageModelV4["doGenerate"]>[0];

/** What answers: a real model where there is a key for one, and else the SDK's own test model. */
export const model: LanguageModel =
  process.env["AI_GATEWAY_API_KEY"] === undefined ? scriptedModel() : "anthropic/claude-opus-5.5";

/** A model that uses the tools that the last message names, in turn, and repeats their answers. */
function scriptedModel(): LanguageModel {
  const doGenerate = (options: Options) => Promise.resolve(replyTo(options));
  const middleware = simulateStreamingMiddleware();
  return wrapLanguageModel({ model: new MockLanguageModelV4({ doGenerate }), middleware });
}

/** All that it knows is in the request: it keeps nothing of one user that another could meet. */
function replyTo({ prompt }: Options) {
  const asked = prompt.findLastIndex(({ role }) => role === "user");
  const text = (prompt[asked]?.content as readonly Part[]).map(({ text = "" }) => text).join(" ");
  const told = prompt
    .slice(asked)
    .flatMap(({ role, content }) => (role === "tool" ? content.map(outputOf) : []));
  const [, toolName, note] = [...text.matchAll(/(\w+__\w+)(?: for "([^"]*)")?/gu)][told.length] ?? [];
  const toolCallId = `call-${prompt.length}`;
  const tokens = { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 };
  return {
    content: [
      toolName === undefined
        ? { type: "text" as const, text: told.join("; ") }
        : { type: "tool-call" as const, toolCallId, toolName, input: JSON.stringify({ text: note }) },
    ],
    finishReason: {
      unified: toolName === undefined ? ("stop" as const) : ("tool-calls" as const),
      raw: undefined,
    },
    usage: { inputTokens: tokens, outputTokens: { total: 1, text: 1, reasoning: 0 } },
    warnings: [],
  };
}

interface Part {
  readonly text?: string;
}

function outputOf(part: object): string {
  return "output" in part ? String((part.output as { value?: unknown }).value) : "";
}
