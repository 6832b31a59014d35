import { TenantryError } from "@tenantry/core";

/**
 * How servers say that a request came before the end of the handshake; there is no code for it. Tools speak of what they
 * could not initialise, too, so that only these words will do.
 */
const tooEarly =
  /(?:^|\b(?:server|session|client|connection)\b(?: is| has| was)? )not (?:yet )?(?:been )?initiali[sz]ed\b|\b(?:before|during) (?:the )?(?:session )?initiali[sz]ation\b|^Invalid request parameters$/iu;
const methodNotFound = -32_601;
/** What a tool that was called and threw is answered with. */
const internalError = -32_603;

/**
 * Whether the answer to a request that may have overtaken the end of the handshake says that it was not read because of
 * that. A tool that was called counts as unread only where the server says so; anything else does no harm twice.
 */
export function isTooEarly(failure: unknown, method: string): boolean {
  if (!(failure instanceof TenantryError)) return false;
  const { code, rpc, status } = failure;
  if (code !== "SERVER_ERROR" && !(code === "SESSION_LOST" && status === 400)) return false;
  // What a server does not know it would not know later either.
  if (method !== "tools/call") return rpc?.code !== methodNotFound;
  return typeof rpc?.message === "string" && rpc.code !== internalError && tooEarly.test(rpc.message);
}
