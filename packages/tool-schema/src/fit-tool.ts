import type { JsonObject } from "@tenantry/core";
import { hasRoomFor } from "./complexity.ts";
import { fitTo, type FittedSchema } from "./fit-schema.ts";
import { cut, isObject } from "./json.ts";
import { fitToolName } from "./names.ts";
import { dialectOf, looser, type GoogleTarget, type Target } from "./target.ts";
import { restoreLike, type Restoration } from "./undo.ts";

/** What a server says of a tool; MCP's own `Tool` is one. */
export interface ToolDescription {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: object;
}

/** A tool that its target takes. */
export interface FittedTool extends Omit<FittedSchema, "schema" | "note"> {
  /** The tool's own name where the target takes it. */
  readonly name: string;
  /** What the server says of the tool, and what has to be said of its arguments; absent where there is neither. */
  readonly description?: string;
  /** What the arguments are like. */
  readonly schema: JsonObject;
  /** Whether the declaration may have `strict: true`: it was asked for, and the tool is not too much for it. */
  readonly strict: boolean;
}

/** A tool for Gemini, whose `parameters` have to be left out for a tool without any. */
export interface FittedGoogleTool extends Omit<FittedTool, "schema"> {
  readonly schema: JsonObject | undefined;
}

/**
 * Fits a tool's name, description and schema to what a target takes. A tool that is too much for a strict mode is
 * fitted without it. Pure: the same tool and target give the same result, whichever other tools there are.
 */
export function fitTool(tool: ToolDescription, target: GoogleTarget): FittedGoogleTool;
export function fitTool(tool: ToolDescription, target: Exclude<Target, GoogleTarget>): FittedTool;
export function fitTool(tool: ToolDescription, target: Target): FittedTool | FittedGoogleTool;
export function fitTool(tool: ToolDescription, target: Target): FittedTool | FittedGoogleTool {
  const dialect = dialectOf(target);
  const fitted = fitTo(tool.inputSchema, dialect);
  const loose = looser(target);
  if (loose !== undefined && !hasRoomFor(fitted.schema, dialect)) return fitTool(tool, loose);
  const { note, schema, changed, ...rest } = fitted;
  const name = fitToolName(tool.name, dialect.toolName);
  const own = ownDescription(tool) ?? "";
  const whole = [own, note].filter((part) => part !== undefined && part !== "").join("\n\n");
  const { description, overflow } = split(whole, dialect.maxToolDescription);
  const shown = overflow === "" ? schema : withDescription(rest, schema, overflow);
  const isEmpty =
    target.provider === "google" && target.field !== "parametersJsonSchema" && isWithoutProperties(schema);
  return {
    ...rest,
    name,
    ...(description !== "" && { description }),
    schema: isEmpty ? undefined : shown,
    changed: changed || name !== tool.name || shown !== schema || (tool.description ?? "") !== description,
    strict: loose !== undefined,
  };
}

/** What a server says of its tool, without half a character; `undefined` where that is no text. */
export function ownDescription({ description }: Pick<ToolDescription, "description">): string | undefined {
  return typeof description === "string" ? description.toWellFormed() : undefined;
}

/** What fits into a description, up to the end of a line or a word, and what is left for the schema's own. */
function split(text: string, maxLength = Infinity): { description: string; overflow: string } {
  if (text.length <= maxLength) return { description: text, overflow: "" };
  const head = cut(text, maxLength - 1).slice(0, -1);
  const line = head.lastIndexOf("\n");
  const end = line > maxLength / 2 ? line : Math.max(head.lastIndexOf(" "), 0) || head.length;
  return { description: `${text.slice(0, end).trimEnd()} …`, overflow: `… ${text.slice(end).trimStart()}` };
}

/** The schema with the rest of the tool's description before its own. */
function withDescription({ undo }: Pick<FittedSchema, "undo">, schema: JsonObject, text: string): JsonObject {
  const own = schema["description"];
  const description = typeof own === "string" ? `${text}\n\n${own}` : text;
  return restoreLike(undo as Map<object, Restoration>, schema, { ...schema, description });
}

function isWithoutProperties({ properties }: JsonObject): boolean {
  return !isObject(properties) || Object.keys(properties).length === 0;
}
