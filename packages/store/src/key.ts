import { quote } from "@tenantry/core";
import { invalid } from "./failure.ts";
import { checkText, decodeText, encodeText } from "./text.ts";
import type { KeyPart, SliceShape } from "./slice-shape.ts";

/** A key as it is stored: the text of each part, in the order of the slice's parts. */
export type KeyTexts = readonly string[];
/** What selects rows: the text of each part that is given. */
export type Selection = readonly (string | undefined)[];

/** The most that a key's parts may take together, in bytes: an index of Postgres holds no more. */
const maxKeyBytes = 2_600;

/** Checks a key and gives its texts; throws `ARGUMENT_INVALID`. */
export function keyTexts(shape: SliceShape, key: unknown): KeyTexts {
  const parts = partsOf(shape, key);
  const texts = shape.parts.map((part) => encodePart(shape, part, parts.get(part.part)));
  checkLength(shape, texts);
  return texts;
}

/**
 * Checks the part of a tenant's key that selects rows; throws `ARGUMENT_INVALID`, above all where there is no workspace
 * and `reach` does not say that every one is meant.
 */
export function selectionOf(shape: SliceShape, within: unknown, reach?: "every workspace"): Selection {
  const parts = partsOf(shape, within);
  if (!parts.has("workspace") && reach === undefined) {
    throw invalid(
      `Rows of ${shape.name} are selected within a workspace and there is none; say which, or use scan().`,
    );
  }
  const texts = shape.parts.map((part) =>
    parts.has(part.part) ? encodePart(shape, part, parts.get(part.part)) : undefined,
  );
  checkLength(shape, texts);
  return texts;
}

/** The key that was stored as these texts. */
export function keyOf(shape: SliceShape, texts: KeyTexts): Readonly<Record<string, string>> {
  const key: Record<string, string> = {};
  shape.parts.forEach(({ part, optional }, index) => {
    const text = texts[index] ?? "";
    if (optional && text === "") return;
    key[part] = optional && text === present ? "" : decodeText(text);
  });
  return key;
}

/** An absent optional part is stored as no text at all, and one that is there but empty as this, which no text encodes to. */
const present = "\u0001";

function encodePart(shape: SliceShape, { part, optional }: KeyPart, value: unknown): string {
  if (value === undefined && optional) return "";
  const text = encodeText(checkText(value, `the ${part} of a key of ${shape.name}`));
  return optional && text === "" ? present : text;
}

/** The key's own parts by name, read once. One that is there and `undefined` is refused: it would stand for everybody where one was meant. */
function partsOf(shape: SliceShape, key: unknown): ReadonlyMap<string, unknown> {
  if (typeof key !== "object" || key === null) {
    throw invalid(
      `A key of ${shape.name} is an object of ${shape.parts.map(({ part }) => part).join(", ")}.`,
    );
  }
  const parts = new Map<string, unknown>(Object.entries(key));
  for (const [part, value] of parts) {
    if (!shape.parts.some((known) => known.part === part)) {
      throw invalid(
        `A key of ${shape.name} has no ${quote(part)}; it has ${shape.parts.map(({ part }) => part).join(", ")}.`,
      );
    }
    if (value === undefined) {
      throw invalid(`In a key of ${shape.name}, ${part} is undefined; leave it out or give it.`);
    }
  }
  return parts;
}

function checkLength(shape: SliceShape, texts: Selection): void {
  const bytes = texts.reduce((sum, text) => sum + new TextEncoder().encode(text ?? "").length, 0);
  if (bytes > maxKeyBytes) {
    throw invalid(`A key of ${shape.name} takes ${bytes} bytes; ${maxKeyBytes} is the most, so shorten it.`);
  }
}
