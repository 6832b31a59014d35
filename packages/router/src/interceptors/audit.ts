import {
  TenantryError,
  type AuditLog,
  type CallToolResult,
  type Clock,
  type JsonObject,
} from "@tenantry/core";
import { shapeOf } from "./argument-shape.ts";
import type { AllowedCall, InterceptedCall, Interceptor, InterceptorSource, Next } from "./interceptor.ts";

/** What the audit says of calls. */
export interface AuditOptions {
  /** Whether it holds the arguments of calls, up to 16,384 characters of JSON, and not only their shapes. Defaults to `false`. */
  readonly values?: boolean | undefined;
}

/** The longest name that is written down. */
const maxNameLength = 256;
/** The most of a call's arguments that is written down, in characters of JSON. */
const maxValuesLength = 16_384;

/**
 * Writes every call into the store's audit: who, which tool, and what was decided, before anything is sent; how it ended,
 * after it. A call that cannot be written down is not made. Arguments are told by their shapes.
 */
export function audit({ values = false }: AuditOptions = {}): InterceptorSource {
  return Object.freeze<InterceptorSource>({
    bind({ audit: log, clock }) {
      if (log === undefined)
        throw new TenantryError("CONFIG_INVALID", "audit() writes into a store; give one.");
      return auditInto(log, clock, values);
    },
  });
}

function auditInto(log: AuditLog, clock: Clock, values: boolean): Interceptor {
  const write = (action: string, call: InterceptedCall, detail: JsonObject) => {
    const { workspace, user, session } = call.principal;
    return log.append({
      ...{ workspace, user, action, at: Math.floor(clock.now()) },
      detail: {
        ...(session !== undefined && { session }),
        ...(call.server !== undefined && { server: call.server }),
        tool: call.tool.slice(0, maxNameLength),
        ...detail,
      },
    });
  };
  const given = (call: InterceptedCall) => ({
    arguments: shapeOf(call.arguments, call.definition),
    ...(values && valuesOf(call)),
  });
  return Object.freeze<Interceptor>({
    async around(call: AllowedCall, next: Next) {
      await write("call.allowed", call, { decision: "allow", ...given(call) });
      const begunAt = clock.now();
      const end = (outcome: JsonObject) => {
        const durationMs = Math.max(0, Math.round(clock.now() - begunAt));
        // The answer is the caller's, whether or not it could be written down that it came.
        return write("call.ended", call, { ...outcome, durationMs }).catch(() => {});
      };
      try {
        const result = await next();
        await end({ outcome: outcomeOf(result) });
        return result;
      } catch (failure) {
        const { code, delivery } =
          failure instanceof TenantryError ? failure : { code: "ABORTED", delivery: null };
        await end({ outcome: code, delivery });
        throw failure;
      }
    },
    refused: (call, { code }) => write("call.refused", call, { decision: "deny", code, ...given(call) }),
  });
}

function outcomeOf({ isError }: CallToolResult): string {
  return isError === true ? "tool-error" : "ok";
}

function valuesOf({ arguments: args }: InterceptedCall): JsonObject {
  const text = JSON.stringify(args);
  return { values: text.length <= maxValuesLength ? args : `${text.slice(0, maxValuesLength)}…` };
}
