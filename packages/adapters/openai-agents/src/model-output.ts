import type { ToolOutputImage, ToolOutputText } from "@openai/agents";
import type { CallToolResult } from "@tenantry/core";
import { resultText } from "@tenantry/core/adapter";

type Block = CallToolResult["content"][number];

/** What a model is given of a result: its text, with its images as the SDK has them; what else it holds as text of its kind and size. */
export function modelOutput(result: CallToolResult): string | (ToolOutputText | ToolOutputImage)[] {
  return result.content.some(({ type }) => type === "image")
    ? result.content.map(partOf)
    : resultText(result);
}

function partOf(block: Block): ToolOutputText | ToolOutputImage {
  if (block.type !== "image") return { type: "text", text: resultText({ content: [block] }) };
  return { type: "image", image: { data: block.data, mediaType: block.mimeType } };
}
