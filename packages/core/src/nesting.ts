/** Whether JSON text nests deeper than `maxDepth`; told before anything is built from it. */
export function nestsDeeper(text: string, maxDepth: number): boolean {
  // Text this short cannot nest so deep, however it is spelled.
  if (text.length <= maxDepth) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quotationMark:
        at = endOfString(text, at);
        break;
      case openingBracket:
      case openingBrace:
        if (++depth > maxDepth) return true;
        break;
      case closingBracket:
      case closingBrace:
        depth--;
        break;
    }
  }
  return false;
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
const openingBracket = 0x5b;
const backslash = 0x5c;
const closingBracket = 0x5d;
const openingBrace = 0x7b;
const closingBrace = 0x7d;
