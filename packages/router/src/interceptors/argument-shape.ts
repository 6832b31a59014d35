import type { JsonObject, Tool } from "@tenantry/core";

/** How many arguments are named. */
const maxNames = 64;
/** How long such a name may be. */
const maxNameLength = 128;

/**
 * What kinds of values a call was given, and how large, without any of them: `{ title: "string(12)" }`. Names of arguments
 * may be data as well, so that only those are told which the tool itself declares; `…` counts the others.
 */
export function shapeOf(args: JsonObject, definition: Tool | undefined): JsonObject {
  const declared = definition?.inputSchema.properties ?? {};
  const shape: Record<string, string | number> = {};
  let others = 0;
  for (const [name, value] of Object.entries(args)) {
    const isNamed = Object.hasOwn(declared, name) && name.length <= maxNameLength && name !== "__proto__";
    if (isNamed && Object.keys(shape).length < maxNames) shape[name] = kindOf(value);
    else others++;
  }
  return others === 0 ? shape : { ...shape, "…": others };
}

function kindOf(value: unknown): string {
  if (typeof value === "string") return `string(${value.length})`;
  if (value === null || typeof value !== "object") return value === null ? "null" : typeof value;
  return Array.isArray(value) ? `array(${value.length})` : `object(${Object.keys(value).length})`;
}
