import type { Tool } from "@tenantry/core";

/** What a tool is declared to be (MCP 2025-11-25, tool annotations); what is absent is not declared. */
export interface Hints {
  readonly readOnlyHint?: boolean | undefined;
  readonly destructiveHint?: boolean | undefined;
  readonly idempotentHint?: boolean | undefined;
  readonly openWorldHint?: boolean | undefined;
}

/** The names of {@link Hints}. */
export const hintNames = Object.freeze([
  "readOnlyHint",
  "destructiveHint",
  "idempotentHint",
  "openWorldHint",
] as const);

/** What is known of a tool whose server's word is not taken. */
export const noHints: Hints = Object.freeze({});

/**
 * What a trusted server declares. By the specification a tool that only reads destroys nothing and can be repeated, so
 * that these are declared along with it.
 */
export function hintsOf(tool: Tool): Hints {
  const given: Readonly<Record<string, unknown>> = tool.annotations ?? {};
  const hints: { -readonly [N in keyof Hints]: boolean } = {};
  for (const name of hintNames) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (typeof value === "boolean") hints[name] = value;
  }
  if (hints.readOnlyHint === true) Object.assign(hints, { destructiveHint: false, idempotentHint: true });
  return Object.freeze(hints);
}
