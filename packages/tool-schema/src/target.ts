import { valueKeywords, type Dialect } from "./dialect.ts";
import { anthropic, anthropicStrict } from "./dialects/anthropic.ts";
import { bedrock, bedrockStrict } from "./dialects/bedrock.ts";
import { googleJsonSchema, googleOpenApi } from "./dialects/google.ts";
import { openai, openaiStrict } from "./dialects/openai.ts";

interface EveryTarget {
  /**
   * Whether the model heeds what limits a value (lengths, bounds, patterns, formats); where it does not, as with
   * fine-tuned models, all of it is said in descriptions. Defaults to `true`.
   */
  readonly constraints?: boolean;
}

/** OpenAI and Azure OpenAI: the `parameters` of a function. */
export interface OpenAiTarget extends EveryTarget {
  readonly provider: "openai";
  /** Whether the function has `strict: true`; defaults to `false`. */
  readonly strict?: boolean;
}

/** Anthropic: the `input_schema` of a tool. */
export interface AnthropicTarget extends EveryTarget {
  readonly provider: "anthropic";
  /** Whether the tool has `strict: true`; defaults to `false`. */
  readonly strict?: boolean;
}

/** Gemini, on Google's own API and on Vertex AI. */
export interface GoogleTarget extends EveryTarget {
  readonly provider: "google";
  /** Which field of the function declaration takes the schema; defaults to `parameters`. */
  readonly field?: "parameters" | "parametersJsonSchema";
}

/** Bedrock's Converse: the `inputSchema.json` of a tool's specification. */
export interface BedrockTarget extends EveryTarget {
  readonly provider: "bedrock";
  /** Whether the specification has `strict: true`; defaults to `false`. */
  readonly strict?: boolean;
}

/** Whom a schema is for, by provider and by what is asked of it; never by the name of a model. */
export type Target = OpenAiTarget | AnthropicTarget | GoogleTarget | BedrockTarget;

/** What the target takes. */
export function dialectOf(target: Target): Dialect {
  const dialect = providerDialect(target);
  if (target.constraints !== false) return dialect;
  const keywords = new Set([...dialect.keywords].filter((keyword) => !valueKeywords.has(keyword)));
  return { ...dialect, keywords, limitsValues: false };
}

/** The same target without its strict mode, or `undefined` where it has none. */
export function looser(target: Target): Target | undefined {
  return target.provider !== "google" && target.strict === true ? { ...target, strict: false } : undefined;
}

function providerDialect(target: Target): Dialect {
  switch (target.provider) {
    case "openai":
      return target.strict === true ? openaiStrict : openai;
    case "anthropic":
      return target.strict === true ? anthropicStrict : anthropic;
    case "bedrock":
      return target.strict === true ? bedrockStrict : bedrock;
    case "google":
      return target.field === "parametersJsonSchema" ? googleJsonSchema : googleOpenApi;
  }
}
