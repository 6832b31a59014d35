import type { JsonObject } from "@tenantry/core";
import { fitTool, ownDescription, type ToolDescription } from "./fit-tool.ts";
import { isObject } from "./json.ts";
import type { Target } from "./target.ts";
import { unfitArguments } from "./unfit.ts";
import { wellFormed } from "./well-formed.ts";

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

/**
 * Fits a tool as {@link fitTool} does, whatever the target. Without a target it is the tool as its server has it, but for what
 * no provider takes: half a character, a description that is no text, a schema that is no object's.
 */
export function modelTool(tool: ToolDescription, target?: Target): ModelTool {
  if (target === undefined) {
    const description = ownDescription(tool);
    return {
      name: tool.name.toWellFormed(),
      ...(description !== undefined && { description }),
      schema: ownSchema(tool),
      strict: false,
      restore: (given) => given as Readonly<Record<string, unknown>>,
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

/** What a server says of its tool's arguments, which nobody has checked; MCP has it that they are an object. */
function ownSchema({ inputSchema }: ToolDescription): JsonObject {
  if (!isObject(inputSchema)) return { type: "object" };
  const schema = wellFormed(inputSchema) as JsonObject;
  return schema["type"] === "object" ? schema : { ...schema, type: "object" };
}

const noArguments = { type: "object", properties: {} } as const;
