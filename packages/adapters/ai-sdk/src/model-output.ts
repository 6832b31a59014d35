import * as ai from "ai";
import type { CallToolResult } from "@tenantry/core";
import { resultText } from "@tenantry/core/adapter";

type Output = Awaited<ReturnType<NonNullable<ai.Tool["toModelOutput"]>>>;
type Part = Extract<Output, { type: "content" }>["value"][number];
type Block = CallToolResult["content"][number];

/** What a model is given of a result: its text, its images and sounds as files, and of a failure its text as an error. */
export function modelOutput(result: CallToolResult): Output {
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
  const { data, mimeType: mediaType } = block;
  // Version 7 has one shape for files and warns of version 6's, which does not know it yet.
  if ("isStepCount" in ai) return { type: "file", mediaType, data: { type: "data", data } };
  return { type: "file-data", mediaType, data };
}
