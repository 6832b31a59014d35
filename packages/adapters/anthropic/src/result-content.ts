import type { Anthropic } from "@anthropic-ai/sdk";
import type { CallToolResult } from "@tenantry/core";
import { resultText } from "@tenantry/core/adapter";

/** What the API takes of a tool's result. */
export type ResultContent = string | Part[];

type Part = Exclude<Anthropic.Beta.BetaToolResultBlockParam["content"], string | undefined>[number];
type ImageType = Anthropic.Beta.BetaBase64ImageSource["media_type"];
type Block = CallToolResult["content"][number];

/**
 * What a model is given of a result: its text, its images and PDF documents as such, and anything else by kind and size. Text
 * that is nothing but space is left out, because the API refuses it; so it does other types of images.
 */
export function resultContent(result: CallToolResult): ResultContent {
  return result.content.length === 0 ? resultText(result) : result.content.flatMap(partsOf);
}

function partsOf(block: Block): Part[] {
  const { data, mimeType } = fileOf(block);
  if (data !== undefined && isImage(mimeType))
    return [{ type: "image", source: { type: "base64", media_type: mimeType, data } }];
  if (data !== undefined && mimeType === "application/pdf")
    return [{ type: "document", source: { type: "base64", media_type: mimeType, data } }];
  const text = resultText({ content: [block] });
  return text.trim() === "" ? [] : [{ type: "text", text }];
}

function fileOf(block: Block): { readonly data?: string; readonly mimeType?: string | undefined } {
  if (block.type === "image") return block;
  if (block.type !== "resource" || !("blob" in block.resource)) return {};
  return { data: block.resource.blob, mimeType: block.resource.mimeType };
}

function isImage(mimeType: string | undefined): mimeType is ImageType {
  return mimeType !== undefined && Object.hasOwn(images, mimeType);
}

const images: Readonly<Record<ImageType, true>> = Object.freeze({
  "image/gif": true,
  "image/jpeg": true,
  "image/png": true,
  "image/webp": true,
});
