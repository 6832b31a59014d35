import type { MessageContent } from "@langchain/core/messages";
import type { CallToolResult } from "@tenantry/core";
import { resultParts } from "@tenantry/core/adapter";

/** What a model is given of a result: its text, with its images and sounds as LangChain's standard content blocks. */
export function messageContent(result: CallToolResult): MessageContent {
  // The blocks of both are the same.
  return resultParts(result) as MessageContent;
}
