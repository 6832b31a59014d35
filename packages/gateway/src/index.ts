export { createGateway } from "./gateway.ts";
export type { Gateway, GatewayStats } from "./gateway.ts";
export type { GatewayOptions } from "./options.ts";
export type { Authenticate, Caller } from "./door/caller.ts";
export type { HandleKeys } from "./handles/key-ring.ts";
export type { GatewayLimits } from "./limits.ts";
export { viaMeta } from "./exchange/via.ts";
