export { createHandler } from "./http/handler.ts";
export type { Handler, HandlerOptions } from "./http/handler.ts";
export type { AuthorizationOutcome } from "./http/callback.ts";
export type { Visitor } from "./http/visitor.ts";
export type { GatewayRouteOptions } from "./http/gateway-route.ts";
export type { Authenticate, Caller, GatewayLimits, HandleKeys } from "@tenantry/gateway";
