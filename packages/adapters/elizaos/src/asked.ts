import type { Action, State } from "@elizaos/core";
import type { CallArguments } from "@tenantry/core/adapter";
import { loosely } from "./tool-actions.ts";

/** What elizaOS hands an action when it runs. */
export type Run = Parameters<Action["handler"]>;

/** What a model asked for. */
export interface Asked {
  /** The action's name as the model wrote it, which elizaOS may have mistaken for the one that it runs. */
  readonly name: string;
  readonly args: CallArguments;
  /** What aborts the call, where the host has such a thing: elizaOS itself has none. */
  readonly signal: AbortSignal | undefined;
}

/** Reads what an action of this name is run for. */
export function askedOf(
  action: string,
  ...[_runtime, message, state, options, _tell, responses]: Run
): Asked {
  const plan = options?.actionPlan;
  const planned = plan?.steps[plan.currentStep - 1]?.action;
  const [said] = responses?.flatMap(({ content }) => content.actions ?? []) ?? [];
  const name = (plan === undefined ? said : planned) ?? action;
  const signal = options?.["abortSignal"];
  const { actionParams, actionInput } = message.content;
  // Where elizaOS puts it, where a host does that runs the action itself, and where the official plugin looks.
  const given = [fromModel(name, state), options?.["actionParams"], actionParams, actionInput];
  return {
    name,
    args: given.find(isObject) ?? {},
    signal: signal instanceof AbortSignal ? signal : undefined,
  };
}

/**
 * elizaOS keeps what it gave an earlier action of the same message, and says whose it was beside it: an action that was given
 * nothing gets nothing of another's.
 */
function fromModel(name: string, { data }: Pick<State, "data"> = { data: {} }): unknown {
  const own: unknown = data[loosely(name)];
  if (!isRecorded(own)) return Object.values(data).some(isRecorded) ? undefined : data["actionParams"];
  const { _source, _timestamp, ...args } = own;
  return args;
}

function isRecorded(value: unknown): value is CallArguments {
  return isObject(value) && "_source" in value && "_timestamp" in value;
}

function isObject(value: unknown): value is CallArguments {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
