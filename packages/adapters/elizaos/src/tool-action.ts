import type { Action, ActionResult, HandlerCallback } from "@elizaos/core";
import { quote, TenantryError } from "@tenantry/core";
import { actionResult } from "./action-result.ts";
import { answeredBy, tellFailure, tellFiles } from "./answer.ts";
import { namesLike } from "./action-names.ts";
import { askForApproval } from "./approval.ts";
import { askedArguments, askedName, askedSignal, type Run } from "./asked.ts";
import { actionParameters, missingParameters } from "./parameters.ts";
import type { McpService, MessageContext, ToolAction } from "./service.ts";

/** What an action tells of its tool. */
export function described({ name, tool }: ToolAction): Pick<Action, "description" | "parameters"> {
  return { description: tool.description ?? tool.title ?? name, parameters: actionParameters(tool) };
}

/** The action of a tool, which tells no more than its name. Whose connection it uses, each message says. */
export function toolAction({ name }: ToolAction, service: McpService, similes: readonly string[]): Action {
  return {
    name,
    description: "A tool of yours; the provider MCP tells what it does and which parameters it has.",
    similes: [...similes],
    async validate(runtime, message) {
      // A prompt does without what cannot be listed; nothing is said of why, which may be another's.
      const shown = await service.shown({ runtime, message }).catch(() => undefined);
      return shown?.names.has(name) ?? false;
    },
    handler: (runtime, message, state, options, callback, responses) =>
      runAsked(name, service, { runtime, message }, { message, state, options, responses }, callback),
  };
}

/** Runs the tool that the model asked for, which elizaOS may have mistaken for the one whose action this is. */
async function runAsked(
  name: string,
  service: McpService,
  context: MessageContext,
  run: Run,
  callback: HandlerCallback | undefined,
): Promise<ActionResult> {
  const asked = askedName(run) ?? name;
  const answered = answeredBy(service.actions.find(asked), name);
  return tellFailure(answered, callback, async () => {
    const meant = await service.meant(asked, context);
    if (meant === undefined) throw unknownAction(asked, (await service.shown(context)).names);
    const args = askedArguments(run, meant.name);
    const missing = missingParameters(meant.tool, args);
    if (missing.length > 0) throw incomplete(meant.name, missing);
    if (await meant.needsApproval?.(args)) return askForApproval(meant, args, context, answered);
    const signals = [service.ending, askedSignal(run)].filter((signal) => signal !== undefined);
    const result = await meant.call(args, { context, signal: AbortSignal.any(signals) });
    const answer = actionResult(result, answered);
    await tellFiles(answer, callback);
    return answer;
  });
}

function unknownAction(asked: string, names: Iterable<string>): TenantryError {
  const like = namesLike(asked, names).map((one) => quote(one));
  const hint = like.length === 0 ? "take one of those listed." : `did you mean ${like.join(" or ")}?`;
  return new TenantryError("TOOL_UNKNOWN", `There is no action ${quote(asked)}; ${hint}`);
}

function incomplete(name: string, missing: readonly string[]): TenantryError {
  const names = missing.slice(0, 20).map((one) => quote(one, 64));
  const message = `${name} was not called: it needs ${names.join(", ")}; give the parameters and call it again.`;
  return new TenantryError("ARGUMENT_INVALID", message);
}
