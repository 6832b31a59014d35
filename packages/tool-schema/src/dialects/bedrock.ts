import type { Dialect } from "../dialect.ts";
import { anthropic, anthropicStrict } from "./anthropic.ts";

const rootKeywords: ReadonlySet<string> = new Set(["type", "properties", "required"]);

/**
 * Converse without `strict`: whatever the model behind it takes, so the narrowest of them. API reference,
 * "ToolSpecification" and "ToolInputSchema"; Claude refuses the same names as on its own API, and Amazon Nova's user
 * guide, "Defining a tool", has only these three keywords at the root.
 */
export const bedrock: Readonly<Dialect> = {
  ...anthropic,
  references: "none",
  rootKeywords,
};

/** Converse with `strict`: user guide, "Get validated JSON results from models", which lists what Anthropic lists. */
export const bedrockStrict: Readonly<Dialect> = anthropicStrict;
