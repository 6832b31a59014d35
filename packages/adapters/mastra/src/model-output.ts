import type { CallToolResult } from "@tenantry/core";
import { resultParts, resultText, type ResultPart } from "@tenantry/core/adapter";

/** What Mastra sends a model as a tool's output. */
export type ModelOutput =
  | { readonly type: "text" | "error-text"; readonly value: string }
  | { readonly type: "content"; readonly value: readonly Part[] };

type Part =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image-data" | "file-data"; readonly data: string; readonly mediaType: string };

/** What a model is given of a result: its text, its images and sounds as such, and of a failure its text as an error. */
export function modelOutput(result: CallToolResult): ModelOutput {
  if (result.isError) return { type: "error-text", value: resultText(result) };
  const parts = resultParts(result);
  return typeof parts === "string"
    ? { type: "text", value: parts }
    : { type: "content", value: parts.map(partOf) };
}

function partOf(part: ResultPart): Part {
  if (part.type === "text") return part;
  const { type, data, mimeType: mediaType } = part;
  return { type: type === "image" ? "image-data" : "file-data", data, mediaType };
}
