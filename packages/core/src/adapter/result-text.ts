import type { CallToolResult } from "../mcp.ts";
import { fieldsOf } from "./result-file.ts";

/**
 * A result as the text that a framework takes which carries nothing but text: every block in order, what is no text by its
 * kind and size; of a result without blocks, its structured content as JSON; of a failure that says nothing, that it does.
 * Half a character, a surrogate without the other, becomes U+FFFD, because a provider refuses the whole request for one. What
 * a server sent that is no result of MCP is told as far as it can be.
 */
export function resultText(result: CallToolResult): string {
  const { structuredContent, isError } = result;
  const blocks = blocksOf(result);
  const said =
    blocks.length === 0 && structuredContent !== undefined
      ? JSON.stringify(structuredContent)
      : blocks.map(blockText).join("\n").toWellFormed();
  return isError && said.trim() === "" ? "The tool failed and did not say why." : said;
}

/** The blocks of a result; none where its server sent no list. */
export function blocksOf(result: CallToolResult): readonly unknown[] {
  const content: unknown = result.content;
  return Array.isArray(content) ? content : [];
}

/** One block as text; it may have half a character. */
export function blockText(block: unknown): string {
  const { type, text, data, mimeType, uri, description, resource } = fieldsOf(block);
  switch (type) {
    case "text":
      return textOr(text, "[text that is none]");
    case "image":
    case "audio":
      return `[${type}, ${sizeOf(data, mimeType)}]`;
    case "resource_link":
      return `[resource ${textOr(uri, "of no URI")}${typeof description === "string" ? `: ${description}` : ""}]`;
    case "resource": {
      const { text: own, uri: ownUri, blob, mimeType: ownType } = fieldsOf(resource);
      return textOr(own, `[resource ${textOr(ownUri, "of no URI")}, ${sizeOf(blob, ownType)}]`);
    }
    default:
      return "[content of an unknown kind]";
  }
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

function sizeOf(base64: unknown, mimeType: unknown): string {
  return `${textOr(mimeType, "unknown type")}, ${bytesOf(textOr(base64, ""))} bytes`;
}

/** How many bytes a base64 text stands for (RFC 4648, section 4). */
function bytesOf(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return Math.floor(((base64.length - padding) * 3) / 4);
}
