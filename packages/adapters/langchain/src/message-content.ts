import type { MessageContent } from "@langchain/core/messages";
import type { CallToolResult } from "@tenantry/core";
import { resultText } from "@tenantry/core/adapter";

type Block = CallToolResult["content"][number];

/** What a model is given of a result: its text, with its images and sounds as LangChain's standard content blocks. */
export function messageContent(result: CallToolResult): MessageContent {
  return result.content.some(isData) ? result.content.map(blockOf) : resultText(result);
}

function isData({ type }: Block): boolean {
  return type === "image" || type === "audio";
}

function blockOf(block: Block): Exclude<MessageContent, string>[number] {
  if (block.type !== "image" && block.type !== "audio")
    return { type: "text", text: resultText({ content: [block] }) };
  const { type, data, mimeType } = block;
  return { type, data, mimeType };
}
