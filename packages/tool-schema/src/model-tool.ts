import type { JsonObject } from "@tenantry/core";
import { fitTool, type ToolDescription } from "./fit-tool.ts";
import type { Target } from "./target.ts";
import { unfitArguments } from "./unfit.ts";

/** A tool as a framework tells a model of it, and the way back for what the model gives. */
export interface ModelTool {
  readonly name: string;
  readonly description?: string;
  readonly schema: JsonObject;
  /** Whether the declaration may have `strict: true`; see `FittedTool`. */
  readonly strict: boolean;
  /** The arguments that the tool takes, for those that the model gave; anything but an object is left to the tool to refuse. */
  restore(given: unknown): Readonly<Record<string, unknown>>;
}

/** Fits a tool as {@link fitTool} does, whatever the target; without a target it is the tool as its server has it. */
export function modelTool(tool: ToolDescription, target?: Target): ModelTool {
  if (target === undefined) {
    const { name, description, inputSchema } = tool;
    const restore = (given: unknown) => given as Readonly<Record<string, unknown>>;
    return {
      name,
      ...(description !== undefined && { description }),
      schema: inputSchema as JsonObject,
      strict: false,
      restore,
    };
  }
  const { name, description, schema = noArguments, strict, undo } = fitTool(tool, target);
  return {
    name,
    ...(description !== undefined && { description }),
    schema,
    strict,
    restore: (given) => unfitArguments(given, { schema, undo }) as Readonly<Record<string, unknown>>,
  };
}

const noArguments = { type: "object", properties: {} } as const;
