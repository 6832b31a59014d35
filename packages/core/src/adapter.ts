// What adapters for frameworks are built with.
export { clientFor, offerTools } from "./adapter/offer-tools.ts";
export type { OfferedCall, OfferedTool, OfferedTools } from "./adapter/offer-tools.ts";
export { sharedTools } from "./adapter/tool-source.ts";
export type { CallArguments, ClientOf, SharedTools, ToolSource } from "./adapter/tool-source.ts";
export type { ToolOptions } from "./adapter/tool-options.ts";
export { resultText } from "./adapter/result-text.ts";
export { isCommonImage, resultParts } from "./adapter/result-parts.ts";
export type { CommonImage, ResultPart } from "./adapter/result-parts.ts";
export { toolOutput } from "./adapter/tool-output.ts";
export type { ToolOutput } from "./adapter/tool-output.ts";
export type { ResultFile } from "./adapter/result-file.ts";
export { tell } from "./tell.ts";
export { toldApart } from "./adapter/told-apart.ts";
export type { NamedTool } from "./adapter/told-apart.ts";
export { failureText } from "./adapter/failure-text.ts";
export { failureFacts } from "./adapter/failure-facts.ts";
export type { FailureFacts } from "./adapter/failure-facts.ts";
