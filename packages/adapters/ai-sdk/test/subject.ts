import type { Failure, RunOptions, Subject } from "adapter-fixtures";
import type * as sdk from "ai";
import { toolSet, type ToolCall } from "../src/index.ts";
import { outputsIn, scriptedModel } from "./scripted-model.ts";

/** The part of the SDK that an agent loop takes. */
export type Sdk = Pick<typeof sdk, "generateText" | "streamText" | "stepCountIs">;

/** What differs between the versions: how a run is given the host's own context, and where a call has it. */
export interface Version {
  readonly named: (user: string, tools: readonly string[]) => object;
  readonly userOf: (call: ToolCall) => string;
}

/** Runs agents of one version. */
export function aiSdk({ generateText, streamText, stepCountIs }: Sdk, { named, userOf }: Version) {
  type Asked = Parameters<typeof scriptedModel>[0];
  const asking = (tools: sdk.ToolSet, asked: Asked, { user, signal }: RunOptions = {}) => ({
    ...{ model: scriptedModel(asked), tools, prompt: "Do it.", stopWhen: stepCountIs(asked.length + 1) },
    ...(user !== undefined && named(user, Object.keys(tools))),
    ...(signal && { abortSignal: signal }),
  });
  const generate = async (tools: sdk.ToolSet, asked: Asked, options?: RunOptions) => {
    const run = asking(tools, asked, options);
    return { result: await generateText(run), turns: run.model.doGenerateCalls };
  };
  const stream = (tools: sdk.ToolSet, asked: Asked, options?: RunOptions) =>
    streamText(asking(tools, asked, options)).fullStream;
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
  return { subject, generate, stream };
}

function told(output: ReturnType<typeof outputsIn>[number]): string {
  return "value" in output && typeof output.value === "string" ? output.value : JSON.stringify(output);
}
