import { TenantryError } from "@tenantry/core";
import type { CallArguments } from "@tenantry/core/adapter";
import type { ToolCall } from "./tool-call.ts";

/** LangGraph's `interrupt`: ends the run with a question, and gives the answer when the run is resumed. */
export type Interrupt = (question: unknown) => unknown;

/** The question whether a tool is called, as LangChain's own `humanInTheLoopMiddleware` puts it. */
export interface ActionReview {
  readonly actionRequests: readonly [
    { readonly name: string; readonly args: CallArguments; readonly description: string },
  ];
  readonly reviewConfigs: readonly [
    { readonly actionName: string; readonly allowedDecisions: readonly ["approve", "reject"] },
  ];
}

/** The answer to an {@link ActionReview}; anything but one `approve` is a refusal. */
export interface ActionDecisions {
  readonly decisions: readonly [
    { readonly type: "approve" } | { readonly type: "reject"; readonly message?: string },
  ];
}

/** What a person says against a call, or `undefined` where they approve it. */
export function askPerson(interrupt: Interrupt, name: string, args: CallArguments): string | undefined {
  const review: ActionReview = {
    actionRequests: [{ name, args, description: `Tool execution requires approval: ${name}` }],
    reviewConfigs: [{ actionName: name, allowedDecisions: ["approve", "reject"] }],
  };
  // It comes from whoever resumes the run.
  const answer = interrupt(review) as Partial<ActionDecisions> | null | undefined;
  const decisions: unknown = answer?.decisions;
  const [decision, ...others] = (Array.isArray(decisions) ? decisions : []) as {
    type?: unknown;
    message?: unknown;
  }[];
  if (decision?.type === "approve" && others.length === 0) return undefined;
  return typeof decision?.message === "string"
    ? decision.message
    : `The user did not approve the call of ${name}.`;
}

/**
 * Whether LangGraph runs this call as a task of its own. A resumed task runs again from its start, and answers are told
 * apart by their order in it: in a task of several calls one may run twice, or take the answer that another was given.
 */
export function hasOwnTask({ metadata }: ToolCall): boolean {
  const path: unknown = metadata?.["langgraph_path"];
  return Array.isArray(path) && path[0] === "__pregel_push";
}

/** Refuses a call that has to be approved and cannot be. */
export function unaskable(): TenantryError {
  return new TenantryError(
    "CALL_DENIED",
    "A person has to approve this call, and it is no task of its own; use createAgent, or createReactAgent with version v2.",
  );
}
