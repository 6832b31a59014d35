import type { Model } from "@openai/agents";
import { assistantMessage, functionCall, ScriptedModel } from "@openai/agents/testing";
import type { AskedTool } from "adapter-fixtures";

/** The SDK's own test model: it asks for these tools, one list a turn, and then has its say. */
export function scriptedModel(turns: readonly (readonly AskedTool[])[]): ScriptedModel & Model {
  const asking = turns.map((asked, turn) =>
    asked.map(({ name, args = {} }, index) => functionCall(name, args, { callId: `call-${turn}-${index}` })),
  );
  return new ScriptedModel([...asking, [assistantMessage("Done.")]]);
}

/** What all tools told the model. */
export function toldIn(model: ScriptedModel): unknown[] {
  const input = model.lastCall?.request.input;
  const items = Array.isArray(input) ? (input as { type?: string; output?: unknown }[]) : [];
  return items.flatMap(({ type, output }) => (type === "function_call_result" ? [output] : []));
}

/** The same as text. */
export function textOf(output: unknown): string {
  const parts = (Array.isArray(output) ? output : [output]) as { text?: string }[];
  const [{ text } = {}, ...others] = parts;
  return text !== undefined && others.length === 0 ? text : JSON.stringify(output);
}
