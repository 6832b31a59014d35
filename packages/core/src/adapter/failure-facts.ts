import type { ErrorCode, TenantryError } from "../error.ts";
import type { ServerId } from "../id.ts";

/** What a host's interface may show of a call that failed; it is JSON, for frameworks that save what they hand on. */
export interface FailureFacts {
  readonly code: ErrorCode;
  /** What can be done next; it begins with the code. */
  readonly message: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly server?: ServerId;
  readonly slot?: string;
  /** The page on which this user, and nobody else, grants access. */
  readonly authorizationUrl?: string;
}

/** The facts of a failure without what it keeps for programs: its cause, its stack, and what a server said. */
export function failureFacts(error: TenantryError): FailureFacts {
  const { code, message, retryable, retryAfterMs, server, slot, authorizationUrl } = error;
  return {
    ...{ code, message, retryable },
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(server !== undefined && { server }),
    ...(slot !== undefined && { slot }),
    ...(authorizationUrl !== undefined && { authorizationUrl: authorizationUrl.href }),
  };
}
