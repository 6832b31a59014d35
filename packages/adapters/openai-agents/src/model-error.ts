import { ModelBehaviorError } from "@openai/agents";
import { failureText } from "@tenantry/core/adapter";

/**
 * What a model is told of a call that failed: what can be done next, or that its arguments were none. Anything else is
 * nobody's to read and is thrown as it is, and ends the run.
 */
export function modelError(error: unknown): string {
  if (error instanceof ModelBehaviorError)
    return "The arguments were not one JSON object. Call the tool again with one.";
  return failureText(error);
}
