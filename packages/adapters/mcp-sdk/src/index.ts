export { WorkspaceTransport } from "./transport.ts";
export type { TransportOptions } from "./transport.ts";
export { serverView } from "./server-view.ts";
