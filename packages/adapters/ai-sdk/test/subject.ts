import type { Failure, RunOptions, Subject } from "adapter-fixtures";
import type * as sdk from "ai";
import { toolSet, type ToolCall } from "../src/index.ts";
import { outputsIn, scriptedModel } from "./scripted-model.ts";

/** The part of the SDK that an agent loop takes. */
export type Sdk = Pick<typeof sdk, "generateText" | "stepCountIs">;

/** What differs between the versions: how a run is given the host's own context, and where a call has it. */
export interface Version {
  readonly named: (user: string, tools: readonly string[]) => object;
  readonly userOf: (call: ToolCall) => string;
}

/** Runs agents of one version. */
export function aiSdk({ generateText, stepCountIs }: Sdk, { named, userOf }: Version) {
  const generate = async (
    tools: sdk.ToolSet,
    asked: Parameters<typeof scriptedModel>[0],
    { user, signal }: RunOptions = {},
  ) => {
    const model = scriptedModel(asked);
    const result = await generateText({
      ...{ model, tools, prompt: "Do it.", stopWhen: stepCountIs(asked.length + 1) },
      ...(user !== undefined && named(user, Object.keys(tools))),
      ...(signal && { abortSignal: signal }),
    });
    return { result, turns: model.doGenerateCalls };
  };
  const subject: Subject<ToolCall, sdk.ToolSet> = {
    ...{ offer: toolSet, userOf, namesOf: Object.keys },
    async run(tools, asked, options) {
      const { result, turns } = await generate(tools, asked, options);
      const parts = result.steps.flatMap(({ content }) => content);
      return {
        answers: outputsIn(turns).map(told),
        sent: turns,
        failures: parts.flatMap((part) => (part.type === "tool-error" ? [part.error as Failure] : [])),
      };
    },
  };
  return { subject, generate };
}

function told(output: ReturnType<typeof outputsIn>[number]): string {
  return "value" in output && typeof output.value === "string" ? output.value : JSON.stringify(output);
}
