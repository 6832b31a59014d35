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
import type * as z from "zod";

/** What a server calls itself: name, version and, where given, title. */
export type Implementation = z.infer<typeof ImplementationSchema>;
/** What a server says that it can do. */
export type ServerCapabilities = z.infer<typeof ServerCapabilitiesSchema>;
/** One tool as its server describes it. */
export type Tool = z.infer<typeof ToolSchema>;
/** One resource as its server describes it. */
export type Resource = z.infer<typeof ResourceSchema>;
/** One resource template as its server describes it. */
export type ResourceTemplate = z.infer<typeof ResourceTemplateSchema>;
/** One prompt as its server describes it. */
export type Prompt = z.infer<typeof PromptSchema>;
/** How far a call has come. */
export type Progress = z.infer<typeof ProgressSchema>;
/** The answer to `tools/call`; `isError` says that the tool itself failed. */
export type CallToolResult = z.infer<typeof CallToolResultSchema>;
/** The answer to `resources/read`. */
export type ReadResourceResult = z.infer<typeof ReadResourceResultSchema>;
/** The answer to `prompts/get`. */
export type GetPromptResult = z.infer<typeof GetPromptResultSchema>;

type Page = z.infer<typeof PaginatedRequestParamsSchema>;

/** The requests that a connection carries, each with its parameters and its result; one page a request for lists. */
export interface Methods {
  "tools/list": { params: Page; result: z.infer<typeof ListToolsResultSchema> };
  "tools/call": { params: z.infer<typeof CallToolRequestParamsSchema>; result: CallToolResult };
  "resources/list": { params: Page; result: z.infer<typeof ListResourcesResultSchema> };
  "resources/templates/list": { params: Page; result: z.infer<typeof ListResourceTemplatesResultSchema> };
  "resources/read": { params: z.infer<typeof ReadResourceRequestParamsSchema>; result: ReadResourceResult };
  "prompts/list": { params: Page; result: z.infer<typeof ListPromptsResultSchema> };
  "prompts/get": { params: z.infer<typeof GetPromptRequestParamsSchema>; result: GetPromptResult };
  "completion/complete": {
    params: z.infer<typeof CompleteRequestParamsSchema>;
    result: z.infer<typeof CompleteResultSchema>;
  };
}

/** The name of a request that a connection carries. */
export type Method = keyof Methods;
/** The parameters of a request. */
export type Params<M extends Method> = Methods[M]["params"];
/** The result of a request. */
export type Result<M extends Method> = Methods[M]["result"];
