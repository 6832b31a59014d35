import { createHash } from "node:crypto";

/** Longer suffixes leave less of what a model can read; 40 bits keep apart what one schema can hold. */
const keySuffixLength = 8;
const toolSuffixLength = 12;

/** What a property is called where `pattern` has to match: a pure function of its name, and the name itself where it may be. */
export function fitKey(name: string, pattern: RegExp): string {
  if (pattern.test(name)) return name;
  return `${slug(name, 64 - keySuffixLength - 1, "property")}_${hash(name, keySuffixLength)}`;
}

/** What a tool is called where `pattern` has to match: a pure function of its name, and the name itself where it may be. */
export function fitToolName(name: string, pattern: RegExp): string {
  if (pattern.test(name)) return name;
  return `${slug(name, 64 - toolSuffixLength - 2, "tool")}--${hash(name, toolSuffixLength)}`;
}

/** What a definition is called in a reference: without what JSON Pointer or a URI would escape. */
export function fitDefinitionName(name: string): string {
  return fitKey(name, /^[A-Za-z0-9_.-]{1,64}$/u);
}

/** What a person still recognises: the text's ASCII words, from a letter on. */
function slug(text: string, length: number, fallback: string): string {
  const words = text.slice(0, 256).replace(/[^A-Za-z0-9]+/gu, "_");
  const cut = words.replace(/^[_0-9]+/u, "").slice(0, length);
  return cut.replace(/_+$/u, "") || fallback;
}

/** The first bits of SHA-256, five a character, in the alphabet of RFC 4648, section 7, in lower case. */
function hash(text: string, length: number): string {
  const digest = createHash("sha256").update(JSON.stringify(text)).digest("hex");
  return BigInt(`0x${digest.slice(0, 32)}`)
    .toString(32)
    .padStart(26, "0")
    .slice(0, length);
}
