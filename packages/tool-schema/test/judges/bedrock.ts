// By "ToolSpecification", "ToolInputSchema" and "Get validated JSON results from models" of Bedrock's documentation, and
// "Defining a tool" of Amazon Nova's.
import { judgeAnthropic, judgeAnthropicStrict } from "./anthropic.ts";
import type { Judge } from "./walk.ts";

/** A tool specification without `strict`. */
export const judgeBedrock: Judge = (declaration) => [
  ...judgeSpecification(declaration),
  ...judgeAnthropic(declaration),
  ...Object.keys(declaration.schema ?? {})
    .filter((keyword) => !["type", "properties", "required"].includes(keyword))
    .map((keyword) => `the root has ${keyword}`),
];

/** A tool specification with `strict: true`. */
export const judgeBedrockStrict: Judge = (declaration) => [
  ...judgeSpecification(declaration),
  ...judgeAnthropicStrict(declaration),
];

const judgeSpecification: Judge = ({ description }) =>
  description === "" ? ["the description is empty"] : [];
