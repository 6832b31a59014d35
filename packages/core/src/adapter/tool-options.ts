import type { CatalogTool } from "../listing.ts";
import type { Progress } from "../mcp.ts";
import type { ListOptions } from "../workspace-client.ts";
import type { CallArguments } from "./tool-source.ts";

/** How tools are offered, whichever framework takes them. */
export interface ToolOptions<Context> {
  /**
   * Which calls wait for a person, in the framework's own way of asking; defaults to none. What a tool says of itself
   * (`tool.annotations`) is its server's word, good for asking more often and not for asking less.
   */
  readonly needsApproval?:
    ((tool: CatalogTool, args: CallArguments) => boolean | Promise<boolean>) | undefined;
  /** Hears how far a call has come; it is given the call's own context, because the function is everybody's. */
  readonly onProgress?: ((progress: Progress, tool: CatalogTool, context: Context) => void) | undefined;
  /** How the tools are listed. */
  readonly list?: ListOptions | undefined;
  /** How long one call may take, in milliseconds; defaults to the client's own limit. */
  readonly timeoutMs?: number | undefined;
}
