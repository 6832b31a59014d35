import type { CallToolResult } from "@tenantry/core";
import { toolOutput, type ResultFile, type ToolOutput } from "@tenantry/core/adapter";

interface FilePart {
  readonly type: "image-data" | "file-data";
  readonly data: string;
  readonly mediaType: string;
}

/** What Mastra sends a model as a tool's output. */
export type ModelOutput = ToolOutput<FilePart>;

/** What a model is given of a result: its text, its images and sounds as such, and of a failure its text as an error. */
export function modelOutput(result: CallToolResult): ModelOutput {
  return toolOutput(result, partOf);
}

function partOf({ type, data, mimeType: mediaType }: ResultFile): FilePart {
  return { type: type === "image" ? "image-data" : "file-data", data, mediaType };
}
