import type {
  AuditLog,
  CallToolResult,
  ClientOptions,
  Clock,
  JsonObject,
  Principal,
  ServerId,
  TenantryError,
  Tool,
} from "@tenantry/core";
import type { Hints } from "../policy/hints.ts";

/** A call of a tool, as far as it is known. */
export interface InterceptedCall {
  readonly principal: Principal;
  readonly roles: readonly string[];
  /** Absent where a name is nobody's. */
  readonly server?: ServerId;
  /** The server's own name of the tool, or what was asked for where there is none. */
  readonly tool: string;
  /** The tool as its server describes it, where its list is known. */
  readonly definition?: Tool;
  /** What a server whose annotations are trusted says of the tool; empty for any other. */
  readonly annotations: Hints;
  readonly arguments: JsonObject;
}

/** A call that the workspace allows, on its way to its server. */
export interface AllowedCall extends InterceptedCall {
  readonly server: ServerId;
  /** Aborts with the call's own signal, and at its deadline. */
  readonly signal: AbortSignal;
  /** Asks a person, where the client was given a way to. */
  readonly onApprovalRequired?: ClientOptions["onApprovalRequired"];
}

/**
 * Makes the call, with other arguments where some are given: these are checked as the first ones were. It is called once;
 * a second time rejects with `ARGUMENT_INVALID`, because a call that may have run is not made again.
 */
export type Next = (args?: object) => Promise<CallToolResult>;

/** Wraps a call that policy, approvals and quotas allow. */
export type Around = (call: AllowedCall, next: Next) => Promise<CallToolResult>;

/** What stands between a caller and a server. */
export interface Interceptor {
  /** Wraps a call that is allowed; what it throws is what the caller gets, as `CALL_DENIED` where it is no `TenantryError`. */
  readonly around?: Around | undefined;
  /** Hears of a call that is refused before it is sent, unknown tools included; the caller waits for it. */
  readonly refused?: ((call: InterceptedCall, error: TenantryError) => void | Promise<void>) | undefined;
}

/** What the router gives to an interceptor that asks for it. */
export interface InterceptorParts {
  readonly clock: Clock;
  /** Absent where the router has no store. */
  readonly audit?: AuditLog | undefined;
}

/** An interceptor that needs something of the router: `audit()`. */
export interface InterceptorSource {
  /** Makes the interceptor, once a router; throws `CONFIG_INVALID` where what it needs is missing. */
  bind(parts: InterceptorParts): Interceptor;
}

/** What a host gives: the first wraps all others. */
export type GivenInterceptor = Around | Interceptor | InterceptorSource;
