/** What JSON text may come to when it is parsed. */
export interface JsonBounds {
  /** How deep it may nest. */
  readonly maxDepth: number;
  /** About how many bytes its values may take beside their text. */
  readonly maxBytes: number;
}

/** About what a value takes beside its text, in bytes: an object or a list, a string or a key, a place in a list. */
const containerBytes = 48;
const stringBytes = 48;
const placeBytes = 8;
/** So few are never too many, however little a message may have. */
const leastBytes = 64 * 1024;

/**
 * Tells which bound JSON text would break when it is parsed, before anything is built from it; `undefined` where it
 * breaks none. A few megabytes of text can hold a hundred of objects.
 */
export function outgrows(text: string, { maxDepth, maxBytes }: JsonBounds): keyof JsonBounds | undefined {
  // Text this short can do neither, however it is spelled.
  if (text.length <= maxDepth && text.length * containerBytes <= leastBytes) return undefined;
  let depth = 0;
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quotationMark:
        at = endOfString(text, at);
        bytes += stringBytes;
        break;
      case openingBracket:
      case openingBrace:
        if (++depth > maxDepth) return "maxDepth";
        bytes += containerBytes;
        break;
      case closingBracket:
      case closingBrace:
        depth--;
        break;
      case comma:
        bytes += placeBytes;
        break;
    }
  }
  return bytes > Math.max(maxBytes, leastBytes) ? "maxBytes" : undefined;
}

/** Whether JSON text nests deeper than `maxDepth`; told before anything is built from it. */
export function nestsDeeper(text: string, maxDepth: number): boolean {
  return outgrows(text, { maxDepth, maxBytes: Infinity }) === "maxDepth";
}

/** The place of the quotation mark that closes the string opened at `start`. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes++;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
}

const quotationMark = 0x22;
const comma = 0x2c;
const openingBracket = 0x5b;
const backslash = 0x5c;
const closingBracket = 0x5d;
const openingBrace = 0x7b;
const closingBrace = 0x7d;
