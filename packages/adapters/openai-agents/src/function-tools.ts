import { tool as sdkTool, type FunctionTool, type RunContext } from "@openai/agents";
import { TenantryError, type CallToolResult } from "@tenantry/core";
import {
  offerTools,
  type OfferedTool,
  type OfferedTools,
  type ToolOptions,
  type ToolSource,
} from "@tenantry/core/adapter";
import { modelTool, type Target } from "@tenantry/tool-schema";
import { CallOutcomes, type CallOutcome } from "./call-outcomes.ts";
import { modelError } from "./model-error.ts";
import { modelOutput } from "./model-output.ts";

/** How function tools are made. */
export interface FunctionToolsOptions<Context = unknown> extends ToolOptions<RunContext<Context>> {
  /**
   * Whose limits the schemas are fitted to; defaults to OpenAI's strict mode. A tool that cannot be strict is not, and the
   * others are.
   */
  readonly target?: Target | undefined;
  /**
   * What a model is told of a call that failed, and `null` to end the run with the SDK's `ToolCallError`, whose `error` is
   * what failed; defaults to `modelError`. A result with `isError` is a result.
   */
  readonly errorFunction?:
    ((run: RunContext<Context>, error: unknown) => string | Promise<string>) | null | undefined;
}

/**
 * Gives the tools of a user, or of whoever `clientOf` finds in a run's own context, as the SDK's function tools, and names
 * the servers that are missing from them. What the model was told is a call's output, and how it ended the `customData` of
 * its item, a `CallOutcome`. Throws as `listTools()` does.
 */
export async function functionTools<Context = unknown>(
  source: ToolSource<RunContext<Context>>,
  options: FunctionToolsOptions<Context> = {},
): Promise<OfferedTools<FunctionTool<Context>[]>> {
  return offerTools(source, options, (offered) => functionTool(offered, options));
}

function functionTool<Context>(
  { tool, call, needsApproval }: OfferedTool<RunContext<Context>>,
  {
    target = { provider: "openai", strict: true },
    errorFunction = (_run, error) => modelError(error),
  }: FunctionToolsOptions<Context>,
): FunctionTool<Context> {
  const { name, description = "", schema, strict, restore } = modelTool(tool, target);
  const outcomes = new CallOutcomes();
  const made = sdkTool({
    ...{ name, description },
    errorFunction: errorFunction && ((run, error) => errorFunction(run as RunContext<Context>, error)),
    parameters: schema as never,
    strict: false,
    ...(needsApproval && {
      needsApproval: async (_run: unknown, given: unknown) => needsApproval(restore(given)),
    }),
    async execute(given: unknown, run, details) {
      const ended = (end: CallToolResult | TenantryError) =>
        outcomes.ended(run as object, details?.toolCall?.callId, end);
      try {
        const result = await call(restore(given), {
          context: run as RunContext<Context>,
          signal: details?.signal,
        });
        ended(result);
        return modelOutput(result);
      } catch (error) {
        if (error instanceof TenantryError) ended(error);
        throw error;
      }
    },
    customDataExtractor: ({ runContext, toolCall }): CallOutcome | undefined =>
      outcomes.take(runContext, toolCall.callId),
  });
  // The SDK turns every sign but letters and digits into `_`, which makes two names one, and makes schemas strict itself.
  return { ...made, name, strict } as unknown as FunctionTool<Context>;
}
