import type { Target } from "../src/index.ts";
import { judgeAnthropic, judgeAnthropicStrict } from "./judges/anthropic.ts";
import { judgeBedrock, judgeBedrockStrict } from "./judges/bedrock.ts";
import { judgeGoogle, judgeGoogleJsonSchema } from "./judges/google.ts";
import { judgeOpenAi, judgeOpenAiStrict } from "./judges/openai.ts";
import type { Judge } from "./judges/walk.ts";

/** Every target, and who judges for it; a tool that is not fitted to a strict mode is judged without it. */
export const targets: readonly {
  readonly name: string;
  readonly target: Target;
  readonly judge: Judge;
  readonly loose: Judge;
}[] = [
  { name: "openai", target: { provider: "openai" }, judge: judgeOpenAi, loose: judgeOpenAi },
  {
    name: "openai strict",
    target: { provider: "openai", strict: true },
    judge: judgeOpenAiStrict,
    loose: judgeOpenAi,
  },
  { name: "anthropic", target: { provider: "anthropic" }, judge: judgeAnthropic, loose: judgeAnthropic },
  {
    name: "anthropic strict",
    target: { provider: "anthropic", strict: true },
    judge: judgeAnthropicStrict,
    loose: judgeAnthropic,
  },
  { name: "google", target: { provider: "google" }, judge: judgeGoogle, loose: judgeGoogle },
  {
    name: "google json schema",
    target: { provider: "google", field: "parametersJsonSchema" },
    judge: judgeGoogleJsonSchema,
    loose: judgeGoogleJsonSchema,
  },
  { name: "bedrock", target: { provider: "bedrock" }, judge: judgeBedrock, loose: judgeBedrock },
  {
    name: "bedrock strict",
    target: { provider: "bedrock", strict: true },
    judge: judgeBedrockStrict,
    loose: judgeBedrock,
  },
];
