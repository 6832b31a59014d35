import type { HandlerOptions, Memory, State } from "@elizaos/core";
import type { CallArguments } from "@tenantry/core/adapter";
import { loosely } from "./action-names.ts";

/** What elizaOS hands an action when it runs. */
export interface Run {
  readonly message: Memory;
  readonly state: State | undefined;
  readonly options: HandlerOptions | undefined;
  readonly responses: readonly Memory[] | undefined;
}

/** The name that the model wrote; `undefined` where the host runs the action itself. */
export function askedName({ options, responses }: Run): string | undefined {
  const plan = options?.actionPlan;
  if (plan !== undefined) return plan.steps[plan.currentStep - 1]?.action;
  return responses?.flatMap(({ content }) => content.actions ?? [])[0];
}

/**
 * What the model gave the action, wherever elizaOS and its hosts put it. elizaOS keeps what it gave an earlier action of the
 * same message, and says whose it was beside it: an action that was given nothing gets nothing of another's.
 */
export function askedArguments(run: Run, name: string): CallArguments {
  const { message, state, options, responses = [] } = run;
  const data = state?.data ?? {};
  const recorded = Object.values(data).filter(isRecorded);
  const own = data[loosely(askedName(run) ?? name)];
  if (isRecorded(own)) {
    const { _source, _timestamp, ...args } = own;
    return args;
  }
  const { content } = message;
  const said = responses.length === 1 ? responses[0]?.content : undefined;
  const given = [
    recorded.length === 0 ? data["actionParams"] : undefined,
    options?.["actionParams"] ?? options?.["parameters"],
    said?.["actionParams"] ?? said?.["parameters"],
    content?.["actionParams"] ?? content?.["actionInput"],
  ];
  for (const one of given) {
    const args = objectOf(one);
    if (args !== undefined) return args;
  }
  return {};
}

/** What aborts the call, where the host has such a thing: elizaOS itself has none. */
export function askedSignal({ options }: Run): AbortSignal | undefined {
  const signal = options?.["abortSignal"] ?? options?.["signal"];
  return signal instanceof AbortSignal ? signal : undefined;
}

function isRecorded(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && "_source" in value && "_timestamp" in value;
}

/** An object, or one as the JSON that a model wrote. */
function objectOf(value: unknown): CallArguments | undefined {
  if (typeof value === "string") {
    try {
      return objectOf(JSON.parse(value));
    } catch {
      return undefined;
    }
  }
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject && Object.keys(value).length > 0 ? (value as CallArguments) : undefined;
}
