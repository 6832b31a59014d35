import { nestsDeeper, TenantryError } from "@tenantry/core";

/**
 * Parses JSON that a server wrote. Throws `LIMIT_EXCEEDED` where it nests deeper than `maxDepth`, before anything is
 * built from it, and a `SyntaxError` where it is not JSON.
 */
export function parseJson(text: string, maxDepth: number): unknown {
  if (nestsDeeper(text, maxDepth)) {
    throw new TenantryError(
      "LIMIT_EXCEEDED",
      `The server's message nests deeper than ${maxDepth} levels and was not read; raise limits.maxDepth if that is expected.`,
      {
        delivery: "unknown",
      },
    );
  }
  return JSON.parse(text);
}

/** Writes a message as JSON. Throws `ARGUMENT_INVALID` where its parameters cannot be: nothing has been sent then. */
export function toJson(message: object): string {
  try {
    return JSON.stringify(message);
  } catch (cause) {
    throw new TenantryError("ARGUMENT_INVALID", "The request's parameters are not JSON; see the cause.", {
      cause,
    });
  }
}
