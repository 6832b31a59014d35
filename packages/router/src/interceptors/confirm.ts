import { quote, raceAbort, TenantryError, type Tool } from "@tenantry/core";
import type { AllowedCall, Interceptor } from "./interceptor.ts";

/** Which calls a person is asked about. */
export interface ConfirmOptions {
  /**
   * Whether a call needs a person's word. Defaults to every call but those of tools that a server whose annotations are
   * trusted declares to be read-only.
   */
  readonly when?: ((call: AllowedCall) => boolean | Promise<boolean>) | undefined;
}

/**
 * Asks a person before a call is made, by the `onApprovalRequired` that the client was given. Without one, and unless the
 * answer is `true`, the call is `CALL_DENIED`. The person has as long as the call has.
 */
export function confirm({ when = changesSomething }: ConfirmOptions = {}): Interceptor {
  return Object.freeze<Interceptor>({
    async around(call, next) {
      if (await when(call)) await ask(call);
      return next();
    },
  });
}

function changesSomething({ annotations }: AllowedCall): boolean {
  return annotations.readOnlyHint !== true;
}

async function ask(call: AllowedCall): Promise<void> {
  const { principal, server, signal, onApprovalRequired, arguments: args } = call;
  if (onApprovalRequired === undefined) throw denied(call, "needs a person's word, and nobody can be asked");
  const tool: Tool = call.definition ?? { name: call.tool, inputSchema: { type: "object" } };
  const request = Object.freeze({ principal, server, tool, arguments: args });
  const asking = (async () => onApprovalRequired(request, { signal }))();
  const answer = await raceAbort(asking, signal).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw denied(call, "needs a person's word, and asking for it failed", cause);
  });
  if (answer !== true) throw denied(call, "was not allowed by the person who was asked");
}

function denied({ server, tool }: AllowedCall, why: string, cause?: unknown): TenantryError {
  const message = `The call of ${quote(tool)} of the server ${quote(server)} ${why}; it was not made.`;
  return new TenantryError("CALL_DENIED", message, { server, ...(cause !== undefined && { cause }) });
}
