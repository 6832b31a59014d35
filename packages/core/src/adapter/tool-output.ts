import type { CallToolResult } from "../mcp.ts";
import type { ResultFile } from "./result-file.ts";
import { resultParts } from "./result-parts.ts";
import { resultText } from "./result-text.ts";

/** A tool's output as the AI SDK has it, and what is built on its models; `File` is what it has of a file. */
export type ToolOutput<File> =
  | { readonly type: "text" | "error-text"; readonly value: string }
  | { readonly type: "content"; readonly value: (File | { readonly type: "text"; readonly text: string })[] };

/** What a model is given of a result: its text, its images and sounds as files, and of a failure its text as an error. */
export function toolOutput<File>(
  result: CallToolResult,
  shape: (file: ResultFile) => File,
): ToolOutput<File> {
  if (result.isError) return { type: "error-text", value: resultText(result) };
  const parts = resultParts(result);
  if (typeof parts === "string") return { type: "text", value: parts };
  return { type: "content", value: parts.map((part) => (part.type === "text" ? part : shape(part))) };
}
