import { ToolMessage, type MessageContent } from "@langchain/core/messages";
import type { DynamicStructuredTool } from "@langchain/core/tools";
import { TenantryError, type CallToolResult } from "@tenantry/core";
import {
  failureFacts,
  failureText,
  offerTools,
  resultText,
  type CallArguments,
  type FailureFacts,
  type OfferedTool,
  type OfferedTools,
  type ToolOptions,
  type ToolSource,
} from "@tenantry/core/adapter";
import { modelTool, type Target } from "@tenantry/tool-schema";
import { askPerson, hasOwnTask, unaskable, type Interrupt } from "./interrupt.ts";
import { messageContent } from "./message-content.ts";
import { ServerCheckedTool } from "./server-checked-tool.ts";
import { toolCall, type ToolCall } from "./tool-call.ts";

/** How structured tools are made. */
export interface StructuredToolsOptions<Context = unknown> extends ToolOptions<ToolCall<Context>> {
  /** Whose limits the schemas are fitted to; defaults to none, for models whose provider takes any schema. */
  readonly target?: Target | undefined;
  /**
   * LangGraph's `interrupt`, by which a run waits for a person: for `needsApproval`, which asks for it, and for whoever has
   * to grant access first. Without it a call that needs access fails, and says so.
   */
  readonly interrupt?: Interrupt | undefined;
}

/** What a tool gives LangChain: content and artifact, or the whole message of a call that failed. */
type Answer = [MessageContent, CallToolResult] | [ToolMessage, undefined];

/**
 * Gives the tools of a user, or of whoever `clientOf` finds in a call's own config, as LangChain's structured tools, and
 * names the servers that are missing from them. A result is a message's content, and whole its artifact. A result with
 * `isError`, and any other failure, is a message with the status `error`; of the latter the artifact is `FailureFacts`.
 * Throws `ARGUMENT_INVALID` for `needsApproval` without `interrupt`, and otherwise as `listTools()` does.
 */
export async function structuredTools<Context = unknown>(
  source: ToolSource<ToolCall<Context>>,
  { target, interrupt, ...options }: StructuredToolsOptions<Context> = {},
): Promise<OfferedTools<DynamicStructuredTool[]>> {
  if (options.needsApproval && !interrupt)
    throw new TenantryError(
      "ARGUMENT_INVALID",
      "needsApproval has no way to ask; give `interrupt` of @langchain/langgraph with it.",
    );
  return offerTools(source, options, (offered) => structuredTool(offered, target, interrupt));
}

function structuredTool<Context>(
  offered: OfferedTool<ToolCall<Context>>,
  target?: Target,
  interrupt?: Interrupt,
): DynamicStructuredTool {
  const { name, description = "", schema, restore } = modelTool(offered.tool, target);
  return new ServerCheckedTool({
    ...{ name, description, schema, responseFormat: "content_and_artifact" },
    async func(given, runManager, config): Promise<Answer> {
      const context = toolCall<Context>(config, runManager);
      const failed = (content: string, artifact?: CallToolResult | FailureFacts): Answer => {
        const tool_call_id = context.toolCall?.id ?? "";
        return [new ToolMessage({ status: "error", content, artifact, name, tool_call_id }), undefined];
      };
      try {
        const args = restore(given);
        const refusal = await refusalOf(offered, name, args, context, interrupt);
        if (refusal !== undefined) return failed(refusal);
        const result = await answered(offered, args, context, interrupt);
        return result.isError ? failed(resultText(result), result) : [messageContent(result), result];
      } catch (error) {
        const text = failureText(error);
        return failed(text, failureFacts(error as TenantryError));
      }
    },
  });
}

/** Waits for a person where the host says so; gives what they say against the call. */
async function refusalOf<Context>(
  { needsApproval }: OfferedTool<ToolCall<Context>>,
  name: string,
  args: CallArguments,
  context: ToolCall<Context>,
  interrupt?: Interrupt,
): Promise<string | undefined> {
  if (!needsApproval || !(await needsApproval(args))) return undefined;
  if (!interrupt || !hasOwnTask(context)) throw unaskable();
  return askPerson(interrupt, name, args);
}

/** Calls the tool; where the user has to grant access first, the run waits for that and the call is made again. */
async function answered<Context>(
  { call }: OfferedTool<ToolCall<Context>>,
  args: CallArguments,
  context: ToolCall<Context>,
  interrupt?: Interrupt,
): Promise<CallToolResult> {
  for (;;) {
    try {
      return await call(args, { context, signal: context.signal });
    } catch (error) {
      const needsAccess = error instanceof TenantryError && error.code === "AUTHORIZATION_REQUIRED";
      if (!needsAccess || !interrupt || !hasOwnTask(context)) throw error;
      interrupt(failureFacts(error));
    }
  }
}
