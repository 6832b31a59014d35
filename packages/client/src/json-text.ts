import { nestsDeeper, TenantryError } from "@tenantry/core";

/**
 * Parses JSON that a server wrote. Throws `LIMIT_EXCEEDED` where it nests deeper than `maxDepth`, before anything is
 * built from it, and a `SyntaxError` where it is not JSON.
 */
export function parseJson(text: string, maxDepth: number): unknown {
  if (nestsDeeper(text, maxDepth)) {
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
