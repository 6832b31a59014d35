import type * as sdk from "@openai/agents";
import type { RunContext, RunToolCallOutputItem } from "@openai/agents";
import type { AskedTool, Failure, Subject } from "adapter-fixtures";
import { functionTools } from "../src/index.ts";
import { scriptedModel, textOf, toldIn } from "./scripted-model.ts";

/** The part of the SDK that an agent loop takes, of whichever version. */
export type Sdk = Pick<typeof sdk, "Agent" | "Runner" | "RunContext" | "RunState">;

/** What an agent has of tools. */
export type Tools = Pick<sdk.AgentOptions, "tools" | "mcpServers"> | { readonly tools: readonly unknown[] };

/** The host's own context of a run. */
export interface User {
  readonly user: string;
}

/** The user whom a run's context names. */
export const userOf = ({ context }: RunContext<User>): string => context.user;

/** A run of one user. */
export const named = (user: string) => ({ context: { user } });

/** Runs agents of one version; nothing of it is traced, because traces go to OpenAI. */
export function runnerOf({ Agent, Runner }: Pick<Sdk, "Agent" | "Runner">) {
  const runner = new Runner({ tracingDisabled: true });
  const agentWith = (model: ReturnType<typeof scriptedModel>, tools: Tools) =>
    new Agent<unknown>({ name: "Notetaker", model, ...(tools as object) });
  /** One run of an agent whose model asks for these tools. */
  const run = async (tools: Tools, turns: readonly (readonly AskedTool[])[], more: object = {}) => {
    const model = scriptedModel(turns);
    const { newItems } = await runner.run(agentWith(model, tools), "Do it.", { maxTurns: 200, ...more });
    return { model, told: toldIn(model), outcomes: outcomesOf(newItems) };
  };
  const subject: Subject<RunContext<User>, Awaited<ReturnType<typeof functionTools<User>>>["tools"]> = {
    ...{ offer: functionTools<User>, userOf },
    namesOf: (tools) => tools.map(({ name }) => name),
    async run(tools, turns, { user, signal } = {}) {
      const more = { ...(user !== undefined && named(user)), ...(signal && { signal }) };
      const { model, told, outcomes } = await run({ tools }, turns, more);
      return {
        answers: told.map(textOf),
        sent: model.calls.map(({ request: { input, tools: declared } }) => ({ input, declared })),
        failures: outcomes.flatMap(({ customData }) => (customData?.["failure"] ?? []) as Failure),
      };
    },
  };
  return { runner, agentWith, run, subject };
}

/** What became of each call of a run, with what only the host sees. */
function outcomesOf(items: readonly sdk.RunItem[]): Pick<RunToolCallOutputItem, "output" | "customData">[] {
  return items.flatMap((item) => (item.type === "tool_call_output_item" ? [item] : []));
}
