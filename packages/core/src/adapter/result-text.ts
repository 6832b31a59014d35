import type { CallToolResult } from "../mcp.ts";

type Block = CallToolResult["content"][number];

/**
 * A result as the text that a framework takes which carries nothing but text: every block in order, what is no text by its
 * kind and size; of a result without blocks, its structured content as JSON. Half a character, a surrogate without the
 * other, becomes U+FFFD, because a provider refuses the whole request for one.
 */
export function resultText({ content, structuredContent }: CallToolResult): string {
  if (content.length > 0) return content.map(blockText).join("\n").toWellFormed();
  return structuredContent === undefined ? "" : JSON.stringify(structuredContent);
}

function blockText(block: Block): string {
  switch (block.type) {
    case "text":
      return block.text;
    case "image":
    case "audio":
      return `[${block.type}, ${block.mimeType}, ${bytesOf(block.data)} bytes]`;
    case "resource_link":
      return `[resource ${block.uri}${block.description === undefined ? "" : `: ${block.description}`}]`;
    case "resource":
      return "text" in block.resource
        ? block.resource.text
        : `[resource ${block.resource.uri}, ${block.resource.mimeType ?? "unknown type"}, ${bytesOf(block.resource.blob)} bytes]`;
  }
}

/** How many bytes a base64 text stands for (RFC 4648, section 4). */
function bytesOf(base64: string): number {
  return Math.floor((base64.replace(/=+$/u, "").length * 3) / 4);
}
