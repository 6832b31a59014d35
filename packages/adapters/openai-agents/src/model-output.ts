import type { ToolOutputImage, ToolOutputText } from "@openai/agents";
import type { CallToolResult } from "@tenantry/core";
import { isCommonImage, resultParts, type ResultFile, type ResultPart } from "@tenantry/core/adapter";

/** What a model is given of a result: its text, with its images as the SDK has them; what else it holds as text of its kind and size. */
export function modelOutput(result: CallToolResult): string | (ToolOutputText | ToolOutputImage)[] {
  const parts = resultParts(result, isImage);
  return typeof parts === "string" ? parts : parts.map(partOf);
}

/** Whether a file is an image that the API takes, which refuses the whole request for another. */
export function isImage({ type, mimeType }: ResultFile): boolean {
  return type === "image" && isCommonImage(mimeType);
}

function partOf(part: ResultPart): ToolOutputText | ToolOutputImage {
  return part.type === "text"
    ? part
    : { type: "image", image: { data: part.data, mediaType: part.mimeType } };
}
