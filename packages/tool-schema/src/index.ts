export { fitTool } from "./fit-tool.ts";
export type { FittedGoogleTool, FittedTool, ToolDescription } from "./fit-tool.ts";
export { fitSchema } from "./fit-schema.ts";
export type { FittedSchema } from "./fit-schema.ts";
export { unfitArguments } from "./unfit.ts";
export type { AnthropicTarget, BedrockTarget, GoogleTarget, OpenAiTarget, Target } from "./target.ts";
export type { Hint } from "./hint.ts";
export type { Restoration, Undo } from "./undo.ts";
