import type { CallToolResult } from "@tenantry/core";
import { resultText } from "@tenantry/core/adapter";

/** What Mastra sends a model as a tool's output. */
export type ModelOutput =
  | { readonly type: "text" | "error-text"; readonly value: string }
  | { readonly type: "content"; readonly value: readonly Part[] };

type Part =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image-data" | "file-data"; readonly data: string; readonly mediaType: string };
type Block = CallToolResult["content"][number];

/** What a model is given of a result: its text, its images and sounds as such, and of a failure its text as an error. */
export function modelOutput(result: CallToolResult): ModelOutput {
  if (result.isError) return { type: "error-text", value: resultText(result) };
  if (result.content.some(isFile)) return { type: "content", value: result.content.map(partOf) };
  return { type: "text", value: resultText(result) };
}

function isFile({ type }: Block): boolean {
  return type === "image" || type === "audio";
}

function partOf(block: Block): Part {
  if (block.type !== "image" && block.type !== "audio")
    return { type: "text", text: resultText({ content: [block] }) };
  const { type, data, mimeType: mediaType } = block;
  return { type: type === "image" ? "image-data" : "file-data", data, mediaType };
}
