import type { ActionResult, HandlerCallback } from "@elizaos/core";
import { TenantryError } from "@tenantry/core";
import { failedResult, type Answered } from "./action-result.ts";
import type { ToolAction } from "./service.ts";

/** The names under which a tool's results are told. */
export function answeredBy(meant: ToolAction | undefined, name: string): Answered {
  if (meant === undefined) return { actionName: name };
  const { server, tool } = meant.tool.origin;
  return { actionName: meant.name, serverName: server, toolName: tool };
}

/** Makes a result of what work throws; a page on which the user has to grant access is told the user at once. */
export async function tellFailure(
  answered: Answered,
  callback: HandlerCallback | undefined,
  work: () => Promise<ActionResult>,
): Promise<ActionResult> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TenantryError)) throw error;
    const failed = failedResult(error, answered);
    if (error.authorizationUrl !== undefined)
      await callback?.({ text: failed.text ?? "", actions: [answered.actionName] });
    return failed;
  }
}

/** elizaOS shows people what an action tells it, and no result. */
export async function tellFiles(
  { text = "", data }: ActionResult,
  callback: HandlerCallback | undefined,
): Promise<void> {
  const attachments = data?.["attachments"];
  if (!Array.isArray(attachments)) return;
  await callback?.({ text, attachments, actions: [String(data?.["actionName"])] });
}
