import { outgrows, TenantryError } from "@tenantry/core";
import type { ClientLimits } from "./limits.ts";

/**
 * Parses JSON that a server wrote. Throws `LIMIT_EXCEEDED` where it nests too deep or holds too many values, before
 * anything is built from it, and a `SyntaxError` where it is not JSON.
 */
export function parseJson(
  text: string,
  { maxDepth, maxMessageBytes }: Pick<ClientLimits, "maxDepth" | "maxMessageBytes">,
): unknown {
  switch (outgrows(text, { maxDepth, maxBytes: maxMessageBytes })) {
    case "maxDepth":
      throw tooMuch(`nests deeper than ${maxDepth} levels`, "maxDepth");
    case "maxBytes":
      throw tooMuch(`holds more values than fit into ${maxMessageBytes} bytes`, "maxMessageBytes");
    case undefined:
      return JSON.parse(text);
  }
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

function tooMuch(what: string, limit: keyof ClientLimits): TenantryError {
  const message = `The server's message ${what} and was not read; raise limits.${limit} if that is expected.`;
  return new TenantryError("LIMIT_EXCEEDED", message, { delivery: "unknown" });
}
