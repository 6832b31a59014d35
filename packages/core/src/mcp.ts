import type {
  CallToolRequestParamsSchema,
  CallToolResultSchema,
  CompleteRequestParamsSchema,
  CompleteResultSchema,
  GetPromptRequestParamsSchema,
  GetPromptResultSchema,
  ImplementationSchema,
  ListPromptsResultSchema,
  ListResourcesResultSchema,
  ListResourceTemplatesResultSchema,
  ListToolsResultSchema,
  PaginatedRequestParamsSchema,
  ProgressSchema,
  PromptSchema,
  ReadResourceRequestParamsSchema,
  ReadResourceResultSchema,
  ResourceSchema,
  ResourceTemplateSchema,
  ServerCapabilitiesSchema,
  ToolSchema,
} from "@modelcontextprotocol/core";
import type { infer as Infer } from "zod";

/** What a server calls itself: name, version and, where given, title. */
export type Implementation = Infer<typeof ImplementationSchema>;
/** What a server says that it can do. */
export type ServerCapabilities = Infer<typeof ServerCapabilitiesSchema>;
/** One tool as its server describes it. */
export type Tool = Infer<typeof ToolSchema>;
/** One resource as its server describes it. */
export type Resource = Infer<typeof ResourceSchema>;
/** One resource template as its server describes it. */
export type ResourceTemplate = Infer<typeof ResourceTemplateSchema>;
/** One prompt as its server describes it. */
export type Prompt = Infer<typeof PromptSchema>;
/** How far a call has come. */
export type Progress = Infer<typeof ProgressSchema>;
/** The answer to `tools/call`; `isError` says that the tool itself failed. */
export type CallToolResult = Infer<typeof CallToolResultSchema>;
/** The answer to `resources/read`. */
export type ReadResourceResult = Infer<typeof ReadResourceResultSchema>;
/** The answer to `prompts/get`. */
export type GetPromptResult = Infer<typeof GetPromptResultSchema>;

type Page = Infer<typeof PaginatedRequestParamsSchema>;

/** The requests that a connection carries, each with its parameters and its result; one page a request for lists. */
export interface Methods {
  "tools/list": { params: Page; result: Infer<typeof ListToolsResultSchema> };
  "tools/call": { params: Infer<typeof CallToolRequestParamsSchema>; result: CallToolResult };
  "resources/list": { params: Page; result: Infer<typeof ListResourcesResultSchema> };
  "resources/templates/list": { params: Page; result: Infer<typeof ListResourceTemplatesResultSchema> };
  "resources/read": { params: Infer<typeof ReadResourceRequestParamsSchema>; result: ReadResourceResult };
  "prompts/list": { params: Page; result: Infer<typeof ListPromptsResultSchema> };
  "prompts/get": { params: Infer<typeof GetPromptRequestParamsSchema>; result: GetPromptResult };
  "completion/complete": {
    params: Infer<typeof CompleteRequestParamsSchema>;
    result: Infer<typeof CompleteResultSchema>;
  };
}

/** The name of a request that a connection carries. */
export type Method = keyof Methods;
/** The parameters of a request. */
export type Params<M extends Method> = Methods[M]["params"];
/** The result of a request. */
export type Result<M extends Method> = Methods[M]["result"];
