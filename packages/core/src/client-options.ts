import type { JsonObject } from "./json.ts";
import type { ServerId } from "./id.ts";
import type { LogMessage, Tool } from "./mcp.ts";
import type { Principal } from "./scope.ts";
import type { ServerRequestHandlers, ServerRequestOptions } from "./server-requests.ts";

/** A call that a person has to allow before it is made. */
export interface ApprovalRequest {
  readonly principal: Principal;
  readonly server: ServerId;
  /** The tool as its server describes it. */
  readonly tool: Tool;
  readonly arguments: JsonObject;
}

/**
 * What one principal's client is given once, for all its calls; what is given with a call comes before it. Servers are
 * told of the handlers that are given and of no others.
 */
export interface ClientOptions extends ServerRequestHandlers {
  /** What the host says that this user is, for policies; defaults to nothing. */
  readonly roles?: readonly string[] | undefined;
  /** Is given the log messages that belong to this client's calls. */
  readonly onLog?: ((message: LogMessage, from: { readonly server: ServerId }) => void) | undefined;
  /** Asks a person whether a call may be made, where the workspace wants that asked; absent: such calls are refused. */
  readonly onApprovalRequired?:
    ((request: ApprovalRequest, options: ServerRequestOptions) => boolean | Promise<boolean>) | undefined;
}
