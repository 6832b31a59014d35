import type { Anthropic } from "@anthropic-ai/sdk";
import type { CallToolResult } from "@tenantry/core";
import { isCommonImage, resultParts, type ResultFile, type ResultPart } from "@tenantry/core/adapter";

/** What the API takes of a tool's result. */
export type ResultContent = string | Part[];

type Part = Exclude<Anthropic.Beta.BetaToolResultBlockParam["content"], string | undefined>[number];

/**
 * What a model is given of a result: its text, its images and PDF documents as such, and anything else by kind and size. Text
 * that is nothing but space is left out, because the API refuses it; so it does other types of images.
 */
export function resultContent(result: CallToolResult): ResultContent {
  const parts = resultParts(result, isTaken);
  if (typeof parts === "string") return parts.trim() === "" ? "" : parts;
  return parts.map(partOf);
}

function isTaken({ type, mimeType }: ResultFile): boolean {
  return isCommonImage(mimeType) || (type === "resource" && mimeType === "application/pdf");
}

function partOf(part: ResultPart): Part {
  if (part.type === "text") return part;
  const { data, mimeType } = part;
  return isCommonImage(mimeType)
    ? { type: "image", source: { type: "base64", media_type: mimeType, data } }
    : { type: "document", source: { type: "base64", media_type: "application/pdf", data } };
}
