import type { JsonObject } from "@tenantry/core";
import { expectTypeOf } from "vitest";
import { fitTool, unfitArguments, type FittedTool, type Target } from "./index.ts";

const tool = { name: "t", inputSchema: { type: "object" as const } };

// Only Google has tools whose schema has to be left out.
expectTypeOf(fitTool(tool, { provider: "openai", strict: true })).toEqualTypeOf<FittedTool>();
expectTypeOf(fitTool(tool, { provider: "google" }).schema).toEqualTypeOf<JsonObject | undefined>();
expectTypeOf(fitTool(tool, {} as Target).schema).toEqualTypeOf<JsonObject | undefined>();
// A model is no target.
expectTypeOf<{ provider: "gpt-4o" }>().not.toExtend<Target>();
// Google has no strict mode.
expectTypeOf<{ provider: "google"; strict: true }>().not.toExtend<Target & { strict?: never }>();
// Arguments keep their type.
expectTypeOf(unfitArguments({ a: 1 }, fitTool(tool, { provider: "openai" }))).toEqualTypeOf<{ a: number }>();
