import type { ActionResult } from "@elizaos/core";
import { TenantryError } from "@tenantry/core";
import { failedResult, type Answered } from "./action-result.ts";
import type { Run } from "./asked.ts";

/**
 * Gives what work gives, or what it fails with, as an action's result. elizaOS shows people what an action tells it, and no
 * result: files are told, and a page on which the user has to grant access.
 */
export async function answer(
  answered: Answered,
  [runtime, , , , tell]: Run,
  work: () => Promise<ActionResult>,
): Promise<ActionResult> {
  const result = await resultOf(answered, work);
  const { attachments, authorizationUrl } = result.data ?? {};
  if (tell === undefined || (attachments ?? authorizationUrl) === undefined) return result;
  try {
    const files = Array.isArray(attachments) && { attachments };
    await tell({ text: result.text ?? "", ...files, actions: [answered.actionName] });
  } catch {
    // A model that hears of a failure calls again what has been done.
    runtime.logger.warn(`What ${answered.actionName} gave could not be told.`);
  }
  return result;
}

/** What work gives, or the failure that it ends with, as a result; throws what is no business of a model's. */
export async function resultOf(answered: Answered, work: () => Promise<ActionResult>): Promise<ActionResult> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TenantryError)) throw error;
    return failedResult(error, answered);
  }
}
