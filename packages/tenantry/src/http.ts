export { createHandler } from "./http/handler.ts";
export type { Handler, HandlerOptions } from "./http/handler.ts";
export type { AuthorizationOutcome } from "./http/callback.ts";
export type { Visitor } from "./http/visitor.ts";
