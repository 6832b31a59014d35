import type { Action, ActionResult } from "@elizaos/core";
import { quote, TenantryError } from "@tenantry/core";
import { actionResult, answeredBy, type Answered } from "./action-result.ts";
import { answer } from "./answer.ts";
import { askForApproval } from "./approval.ts";
import { askedOf, type Asked } from "./asked.ts";
import { missingParameters } from "./parameters.ts";
import type { McpService, MessageContext } from "./service.ts";
import { namesLike } from "./tool-actions.ts";

/** The action of a tool, which tells no more than its name. Whose connection it uses, each message says. */
export function toolAction(name: string, service: McpService, similes: readonly string[]): Action {
  return {
    name,
    description: "A tool of yours; the provider MCP tells what it does and which parameters it has.",
    similes: [...similes],
    async validate(runtime, message) {
      // A prompt does without what cannot be listed; nothing is said of why, which may be another's.
      const shown = await service.shown({ runtime, message }).catch(() => undefined);
      return shown?.tools.has(name) ?? false;
    },
    handler(...run) {
      const [runtime, message] = run;
      const asked = askedOf(name, ...run);
      const answered = answeredBy(service.actions.find(asked.name), name);
      return answer(answered, run, () => runAsked(asked, service, { runtime, message }, answered));
    },
  };
}

/** Runs the tool that the model asked for, which elizaOS may have mistaken for the one whose action this is. */
async function runAsked(
  { name, args, signal }: Asked,
  service: McpService,
  context: MessageContext,
  answered: Answered,
): Promise<ActionResult> {
  const meant = await service.meant(name, context);
  if (meant === undefined) throw unknownAction(name, (await service.shown(context)).tools.keys());
  const missing = missingParameters(meant.tool, args);
  if (missing.length > 0) throw incomplete(meant.tool.name, missing);
  if (await meant.needsApproval?.(args)) return askForApproval(meant.tool, args, context, answered);
  const result = await meant.call(args, { context, signal: service.untilEnd(signal) });
  return actionResult(result, answered);
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
