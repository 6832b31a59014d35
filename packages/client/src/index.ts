export { createConnector } from "./connector.ts";
export type { ConnectorOptions } from "./connector.ts";
export { defaultClientLimits } from "./limits.ts";
export type { ClientLimits } from "./limits.ts";
export { inProcess } from "./pipe/in-process.ts";
export type { InProcessTransport } from "./pipe/in-process.ts";
