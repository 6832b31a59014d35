import type * as sdk from "@openai/agents";
import type { RunToolCallOutputItem } from "@openai/agents";
import type { scriptedModel } from "./scripted-model.ts";

/** The part of the SDK that an agent loop takes, of whichever version. */
export type Sdk = Pick<typeof sdk, "Agent" | "Runner" | "RunContext" | "RunState">;

/** What an agent has of tools. */
export type Tools = Pick<sdk.AgentOptions, "tools" | "mcpServers"> | { readonly tools: readonly unknown[] };

/** Runs agents of one version; nothing of it is traced, because traces go to OpenAI. */
export function runnerOf({ Agent, Runner }: Sdk) {
  const runner = new Runner({ tracingDisabled: true });
  const agentWith = (model: ReturnType<typeof scriptedModel>, tools: Tools) =>
    new Agent<unknown>({ name: "Notetaker", model, ...(tools as object) });
  return { runner, agentWith };
}

/** What became of each call of a run, with what only the host sees. */
export function outcomesOf(
  items: readonly sdk.RunItem[],
): Pick<RunToolCallOutputItem, "output" | "customData">[] {
  return items.flatMap((item) => (item.type === "tool_call_output_item" ? [item] : []));
}
