import type {
  CallToolRequestParamsSchema,
  CallToolResultSchema,
  ClientCapabilitiesSchema,
  CompleteRequestParamsSchema,
  CompleteResultSchema,
  CreateMessageRequestParamsSchema,
  CreateMessageResultWithToolsSchema,
  ElicitRequestParamsSchema,
  ElicitResultSchema,
  EmptyResultSchema,
  GetPromptRequestParamsSchema,
  GetPromptResultSchema,
  ImplementationSchema,
  ListPromptsResultSchema,
  ListResourcesResultSchema,
  ListResourceTemplatesResultSchema,
  ListToolsResultSchema,
  LoggingLevelSchema,
  LoggingMessageNotificationParamsSchema,
  PaginatedRequestParamsSchema,
  ProgressSchema,
  PromptSchema,
  ReadResourceRequestParamsSchema,
  ReadResourceResultSchema,
  ResourceSchema,
  ResourceTemplateSchema,
  RootSchema,
  ServerCapabilitiesSchema,
  SetLevelRequestParamsSchema,
  ToolSchema,
} from "@modelcontextprotocol/core";
import type * as z from "zod";

/** What a server calls itself: name, version and, where given, title. */
export type Implementation = z.infer<typeof ImplementationSchema>;
/** What a server says that it can do. */
export type ServerCapabilities = z.infer<typeof ServerCapabilitiesSchema>;
/** What a client says that it can be asked. */
export type ClientCapabilities = z.infer<typeof ClientCapabilitiesSchema>;
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
/** The answer to `completion/complete`. */
export type CompleteResult = z.infer<typeof CompleteResultSchema>;
/** What a server wants to ask a person, in a form or on a page of its own. */
export type ElicitParams = z.infer<typeof ElicitRequestParamsSchema>;
/** What the person said. */
export type ElicitResult = z.infer<typeof ElicitResultSchema>;
/** What a server wants a model to continue. */
export type SamplingParams = z.infer<typeof CreateMessageRequestParamsSchema>;
/** What the model said. */
export type SamplingResult = z.infer<typeof CreateMessageResultWithToolsSchema>;
/** One folder or place that a server may work in. */
export type Root = z.infer<typeof RootSchema>;
/** How much a log message matters, from `debug` to `emergency`. */
export type LogLevel = z.infer<typeof LoggingLevelSchema>;
/** One log message of a server. */
export type LogMessage = z.infer<typeof LoggingMessageNotificationParamsSchema>;

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
    result: CompleteResult;
  };
  /** Legacy era only; in the modern era every request says its own `logLevel`. */
  "logging/setLevel": {
    params: z.infer<typeof SetLevelRequestParamsSchema>;
    result: z.infer<typeof EmptyResultSchema>;
  };
  /** Legacy era only. */
  ping: { params: undefined; result: z.infer<typeof EmptyResultSchema> };
}

/** The name of a request that a connection carries. */
export type Method = keyof Methods;
/** The parameters of a request. */
export type Params<M extends Method> = Methods[M]["params"];
/** The result of a request. */
export type Result<M extends Method> = Methods[M]["result"];
