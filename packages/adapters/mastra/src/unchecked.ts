import type { StandardSchemaWithJSON } from "@mastra/core/schema";
import type { JsonObject } from "@tenantry/core";
import type { CallArguments } from "@tenantry/core/adapter";

/**
 * A schema that a model is told and that nothing is checked by: the tool's own server checks, and what a stranger wrote,
 * patterns among it, is compiled by nobody here.
 */
export function unchecked(schema: JsonObject): StandardSchemaWithJSON<CallArguments> {
  const json = () => schema as Record<string, unknown>;
  return {
    "~standard": {
      version: 1,
      vendor: "tenantry",
      validate: (value) => ({ value: value as CallArguments }),
      jsonSchema: { input: json, output: json },
    },
  };
}
