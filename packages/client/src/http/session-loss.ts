import type { RpcError } from "@tenantry/core";

/**
 * What a connection has of a session: one that the server made (`held`); none, by a record that the server may have
 * outlived and has not answered to yet (`unproven`); or none at all (`none`).
 */
export type SessionStanding = "held" | "unproven" | "none";

/** The part of a failed HTTP answer that tells of sessions. */
export interface RefusedForSession {
  readonly status: number;
  /** The JSON-RPC error in its body, where there is one. */
  readonly rpc: RpcError | undefined;
}

/** How servers refuse a request that should have come with a session; there is no code of its own for it. */
const codes: readonly unknown[] = [-32_000, -32_001, -32_600];
/** Tools have sessions of their own to speak of, so that only the header's name or these very sentences will do. */
const sentences =
  /\bmcp-session-id\b|^(?:(?:bad request|not found|invalid request): )?(?:(?:missing|no(?: valid)?|invalid(?: or expired)?|expired|unknown) session(?: id)?(?: provided)?|session(?: id)?(?: is)? (?:not found|missing|required|expired)|(?:server|session)(?: is)? not initiali[sz]ed)\.?$/iu;

/**
 * Whether a failed answer says that the request was not read for want of a session. One that was held is gone with any
 * 404 (MCP 2025-11-25, session management), and with the 400 of servers that forget sessions otherwise. Where none was
 * held, the status alone says nothing: a tool may have run before it.
 */
export function lacksSession({ status, rpc }: RefusedForSession, standing: SessionStanding): boolean {
  switch (standing) {
    case "held":
      return status === 404 || (status === 400 && rpc?.code === -32_000);
    case "unproven":
      return (status === 400 || status === 404) && rpc !== undefined && wantsSession(rpc);
    case "none":
      return false;
  }
}

function wantsSession({ code, message }: Partial<RpcError>): boolean {
  return codes.includes(code) && typeof message === "string" && sentences.test(message);
}
