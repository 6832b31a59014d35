import type { CallToolResult } from "../mcp.ts";
import { fileOf, type ResultFile } from "./result-file.ts";
import { blocksOf, blockText, resultText } from "./result-text.ts";

/** One part of what a model is given of a result. */
export type ResultPart = { readonly type: "text"; readonly text: string } | ResultFile;

/**
 * A result for a framework that carries files: its parts in order where it takes one of them, and otherwise the text of
 * {@link resultText}. It takes images and sounds unless `takes` says which files it does; every other block is text. Text that
 * is nothing but space is left out beside files, because some providers refuse the whole request for it.
 */
export function resultParts(
  result: CallToolResult,
  takes: (file: ResultFile) => boolean = isMedia,
): string | ResultPart[] {
  const parts = blocksOf(result).map((block): ResultPart => {
    const file = fileOf(block);
    return file && takes(file) ? file : { type: "text", text: blockText(block).toWellFormed() };
  });
  if (parts.every(({ type }) => type === "text")) return resultText(result);
  return parts.filter((part) => part.type !== "text" || part.text.trim() !== "");
}

/** The types of images that every model which sees takes. */
export type CommonImage = (typeof commonImages)[number];

/** Whether a type is one of images that every model which sees takes: GIF, JPEG, PNG or WebP. */
export function isCommonImage(mimeType: string): mimeType is CommonImage {
  return (commonImages as readonly string[]).includes(mimeType);
}

function isMedia({ type }: ResultFile): boolean {
  return type !== "resource";
}

const commonImages = ["image/gif", "image/jpeg", "image/png", "image/webp"] as const;
