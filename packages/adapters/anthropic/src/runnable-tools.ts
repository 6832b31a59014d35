import type { BetaRunnableTool, BetaToolRunContext } from "@anthropic-ai/sdk/lib/tools/BetaRunnableTool";
import { ToolError } from "@anthropic-ai/sdk/lib/tools/ToolError";
import { raceAbort, TenantryError, type CatalogTool } from "@tenantry/core";
import {
  offerTools,
  resultText,
  tell,
  type CallArguments,
  type OfferedTool,
  type OfferedTools,
  type ToolOptions,
  type ToolSource,
} from "@tenantry/core/adapter";
import { modelTool, type Target } from "@tenantry/tool-schema";
import { resultContent, type ResultContent } from "./result-content.ts";

/** What the tool runner says of one call: the model's `toolUse`, and the `signal` of the run. */
export type ToolCall = BetaToolRunContext;

/** A tool as the tool runner takes it. */
export type RunnableTool = BetaRunnableTool<CallArguments>;

/** How tools are made for the tool runner. */
export interface RunnableToolsOptions extends ToolOptions<ToolCall> {
  /** Whose limits the schemas are fitted to; defaults to `{ provider: "anthropic" }`, with `strict` if strict tools are asked for. */
  readonly target?: Target | undefined;
  /**
   * Asks a person about a call, before it is made; anything but `true` refuses it, and the model is told so. It is asked about
   * the calls that `needsApproval` names, and about every call where that is not given.
   */
  readonly confirm?:
    ((tool: CatalogTool, args: CallArguments, call: ToolCall) => boolean | Promise<boolean>) | undefined;
  /**
   * Hears of a call that failed otherwise than by its tool, which the runner tells nobody but the model:
   * `error.authorizationUrl` is where a user grants access.
   */
  readonly onFailure?: ((error: TenantryError, tool: CatalogTool, call: ToolCall) => void) | undefined;
}

/**
 * Gives the tools of a user, or of whoever `clientOf` finds in what the runner says of a call, for
 * `client.beta.messages.toolRunner`, and names the servers that are missing from them. A tool's own failure is a `ToolError`
 * with its text; what else fails is a `TenantryError`, whose message the runner gives to the model. Throws as `listTools()`
 * does, and `ARGUMENT_INVALID` for `needsApproval` without `confirm`.
 */
export async function runnableTools(
  source: ToolSource<ToolCall>,
  options: RunnableToolsOptions = {},
): Promise<OfferedTools<RunnableTool[]>> {
  if (options.needsApproval && !options.confirm)
    throw new TenantryError(
      "ARGUMENT_INVALID",
      "Calls wait for a person and nobody is asked; give `confirm` too.",
    );
  return offerTools(source, options, (offered) => runnableTool(offered, options));
}

function runnableTool(offered: OfferedTool<ToolCall>, options: RunnableToolsOptions): RunnableTool {
  const { target = { provider: "anthropic" }, onFailure } = options;
  const { name, description, schema, strict, restore } = modelTool(offered.tool, target);
  return {
    name,
    ...(description !== undefined && { description }),
    input_schema: schema as { type: "object" },
    ...(strict && { strict }),
    parse: restore,
    // The runner always says what it knows of a call.
    run: (args, context = {} as ToolCall) =>
      answer(offered, options, args, context).catch((error: unknown) => {
        if (error instanceof TenantryError) tell(onFailure, error, offered.tool, context);
        throw error;
      }),
  };
}

async function answer(
  offered: OfferedTool<ToolCall>,
  { confirm }: RunnableToolsOptions,
  args: CallArguments,
  context: ToolCall,
): Promise<ResultContent> {
  const signal = context.signal ?? undefined;
  // The runner waits for this, also when its run is aborted.
  if (!(await raceAbort(isAllowed(offered, confirm, args, context), signal)))
    throw new ToolError(
      "A person was asked and did not allow this call. Do not repeat it unless they ask for it.",
    );
  const result = await offered.call(args, { context, signal });
  // The API takes nothing but text of a failed call.
  if (result.isError) throw new ToolError(resultText(result));
  return resultContent(result);
}

/** Whether a call may be made. What a host's own code fails with is no business of the model's, whom the runner would tell. */
async function isAllowed(
  { tool, needsApproval }: OfferedTool<ToolCall>,
  confirm: RunnableToolsOptions["confirm"],
  args: CallArguments,
  context: ToolCall,
): Promise<boolean> {
  try {
    const asked = confirm && (needsApproval === undefined || (await needsApproval(args)));
    return !asked || (await confirm(tool, args, context)) === true;
  } catch (cause) {
    if (cause instanceof TenantryError) throw cause;
    throw new TenantryError(
      "CALL_DENIED",
      "Nobody could be asked whether this call is allowed, so it was not made; see the cause.",
      { cause },
    );
  }
}
