import { TenantryError } from "@tenantry/core";

/**
 * Parses JSON that a server wrote. Throws `LIMIT_EXCEEDED` where it nests deeper than `maxDepth`, before anything is
 * built from it, and a `SyntaxError` where it is not JSON.
 */
export function parseJson(text: string, maxDepth: number): unknown {
  // Text this short cannot nest so deep, however it is spelled.
  if (text.length > maxDepth && nestsDeeper(text, maxDepth)) {
    throw new TenantryError(
      "LIMIT_EXCEEDED",
      `The server's message nests deeper than ${maxDepth} levels; it was not read.`,
      {
        delivery: "unknown",
      },
    );
  }
  return JSON.parse(text);
}

function nestsDeeper(text: string, maxDepth: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22:
        at = endOfString(text, at);
        break;
      case 0x5b:
      case 0x7b:
        if (++depth > maxDepth) return true;
        break;
      case 0x5d:
      case 0x7d:
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
    while (text.charCodeAt(end - 1 - escapes) === 0x5c) escapes++;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
}
