import type { RunContext } from "@openai/agents";
import { TenantryError, type CallToolResult } from "@tenantry/core";
import { failureFacts, type FailureFacts } from "@tenantry/core/adapter";

/** What a host's interface may show of a call beside its output: the `customData` of the SDK's item, which no model is given. */
export type CallOutcome =
  Pick<CallToolResult, "isError" | "structuredContent"> | { readonly failure: FailureFacts };

/** Keeps outcomes from a call to the item that is made of it. The SDK hands on the run's context as it is, the rest as copies. */
export class CallOutcomes {
  readonly #byRun = new WeakMap<RunContext<never>, Map<string, CallOutcome>>();

  /** Keeps how a call of a run ended. */
  ended(run: object, callId: string | undefined, end: CallToolResult | TenantryError): void {
    if (callId === undefined) return;
    const outcomes = this.#byRun.get(run as RunContext<never>) ?? new Map<string, CallOutcome>();
    this.#byRun.set(run as RunContext<never>, outcomes.set(callId, outcomeOf(end)));
  }

  /** Gives it, once. */
  take(run: object, callId: string): CallOutcome | undefined {
    const outcomes = this.#byRun.get(run as RunContext<never>);
    const outcome = outcomes?.get(callId);
    outcomes?.delete(callId);
    return outcome;
  }
}

function outcomeOf(end: CallToolResult | TenantryError): CallOutcome {
  if (end instanceof TenantryError) return { failure: failureFacts(end) };
  const { isError, structuredContent } = end;
  return { ...(isError && { isError }), ...(structuredContent !== undefined && { structuredContent }) };
}
