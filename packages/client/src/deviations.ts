import { quote, TenantryError, type Deviation, type ServerCapabilities } from "@tenantry/core";
import type { Fields } from "./message.ts";

/** What a caller gets in place of a deviating answer, and the note about it. */
export interface Accepted {
  readonly result: Fields;
  readonly deviation: Deviation;
}

/**
 * Takes a tool's result of 2024-10-07, `{ toolResult }`: it stays whole, and its `content` is the same as text. Gives
 * `undefined` for every other result.
 */
export function acceptOldResult(tool: string, result: Fields): Accepted | undefined {
  if (!Object.hasOwn(result, "toolResult") || Array.isArray(result.content)) return undefined;
  const { toolResult } = result;
  const text = typeof toolResult === "string" ? toolResult : JSON.stringify(toolResult);
  return {
    result: { ...result, content: [{ type: "text", text }] },
    deviation: {
      kind: "old_result",
      message: `The tool ${quote(tool)} answered as before revision 2024-11-05; its toolResult was taken for content.`,
    },
  };
}

/**
 * Takes "method not found" for an empty list where the server declares that it has one. Gives `undefined` for every
 * other failure: what a server never declared, it rightly refuses.
 */
export function acceptUnserved(
  method: string,
  failure: unknown,
  capabilities: ServerCapabilities,
): Accepted | undefined {
  const list = Object.hasOwn(lists, method) ? lists[method as keyof typeof lists] : undefined;
  if (list === undefined || capabilities[list.capability] === undefined) return undefined;
  if (!(failure instanceof TenantryError) || failure.rpc?.code !== methodNotFound) return undefined;
  return {
    result: { [list.key]: [] },
    deviation: {
      kind: "unserved_capability",
      message: `The server declares ${list.capability} and does not know ${method}; the list was taken for empty.`,
    },
  };
}

const methodNotFound = -32_601;

/** What each list is called in its result, and the capability that promises it. */
const lists = {
  "tools/list": { capability: "tools", key: "tools" },
  "resources/list": { capability: "resources", key: "resources" },
  "resources/templates/list": { capability: "resources", key: "resourceTemplates" },
  "prompts/list": { capability: "prompts", key: "prompts" },
} as const;
