import * as eliza from "@elizaos/core";

/** What elizaOS knows of a request, which its stable versions do not yet (1.7.2). */
export interface RequestContext {
  readonly entityId?: unknown;
  readonly agentId?: unknown;
  readonly organizationId?: unknown;
  readonly entitySettings?: unknown;
}

interface RequestContexts {
  getRequestContext?(): RequestContext | undefined;
  runWithRequestContext?<T>(context: undefined, work: () => T): T;
}

/** The request that this work belongs to, or was left behind by; `undefined` outside of any, and where there is no such thing. */
export function currentRequest(): RequestContext | undefined {
  return (eliza as RequestContexts).getRequestContext?.();
}

/** Does what is an agent's own outside of whichever request it happens to begin in. */
export function outsideRequests<T>(work: () => T): T {
  const { runWithRequestContext } = eliza as RequestContexts;
  return runWithRequestContext === undefined ? work() : runWithRequestContext(undefined, work);
}
