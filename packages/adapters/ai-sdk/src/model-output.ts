import * as ai from "ai";
import type { CallToolResult } from "@tenantry/core";
import { toolOutput, type ResultFile } from "@tenantry/core/adapter";

type Output = Awaited<ReturnType<NonNullable<ai.Tool["toModelOutput"]>>>;
type Part = Extract<Output, { type: "content" }>["value"][number];

/** What a model is given of a result: its text, its images and sounds as files, and of a failure its text as an error. */
export function modelOutput(result: CallToolResult): Output {
  return toolOutput(result, partOf);
}

function partOf({ data, mimeType: mediaType }: ResultFile): Part {
  // Version 7 has one shape for files and warns of version 6's, which does not know it yet.
  if ("isStepCount" in ai) return { type: "file", mediaType, data: { type: "data", data } };
  return { type: "file-data", mediaType, data };
}
