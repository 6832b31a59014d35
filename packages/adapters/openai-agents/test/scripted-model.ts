import type { Model } from "@openai/agents";
import { assistantMessage, functionCall, modelResponder, ScriptedModel } from "@openai/agents/testing";

/** What a model asks for. */
export interface AskedTool {
  readonly name: string;
  readonly args?: Record<string, unknown> | string;
}

/** What a tool told a model. */
export interface Told {
  readonly name: string;
  readonly output: unknown;
}

/** The SDK's own test model: it asks for these tools, one list a step, and then repeats what they told it. */
export function scriptedModel(...steps: (readonly AskedTool[])[]): ScriptedModel & Model {
  const asking = steps.map((asked, step) =>
    asked.map(({ name, args = {} }, index) => functionCall(name, args, { callId: `call-${step}-${index}` })),
  );
  return new ScriptedModel([
    ...asking,
    modelResponder(({ request }) => [assistantMessage(toldIn(request.input).map(textOf).join("; "))]),
  ]);
}

/** What all tools told the model. */
export function toldIn(input: unknown): Told[] {
  return (Array.isArray(input) ? (input as ({ type?: string } & Told)[]) : []).filter(
    ({ type }) => type === "function_call_result",
  );
}

function textOf({ output }: Told): string {
  const { text } = output as { text?: string };
  return text ?? JSON.stringify(output);
}
