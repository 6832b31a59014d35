import { TenantryError } from "@tenantry/core";
import type { Grant } from "../grants/grant.ts";
import type { Flow } from "./flows.ts";
import type { OAuthParts } from "./parts.ts";
import type { Tokens } from "./token-request.ts";

/** Names an authorization, or one refresh of it. */
export function randomName(): string {
  return crypto.randomUUID();
}

/** The grant that a flow has come to. */
export function grantOf(
  flow: Flow,
  tokens: Tokens,
  { clock, options }: Pick<OAuthParts, "clock" | "options">,
): Grant {
  const { refreshGraceMs } = options;
  const tokenType = flow.proofKey === undefined ? "bearer" : "dpop";
  checkTokenType(tokens, tokenType);
  const { accessToken, refreshToken, expiresInMs, scopes } = tokens;
  return Object.freeze({
    subject: randomName(),
    generation: randomName(),
    issuer: flow.issuer,
    resource: flow.resource,
    clientId: flow.clientId,
    // An issuer that says nothing has given what was asked for (RFC 6749, section 5.1).
    scopes: scopes ?? flow.scopes,
    tokenType,
    accessToken,
    ...(flow.proofKey && { proofKey: flow.proofKey }),
    begunAt: flow.begunAt,
    receivedAt: clock.now(),
    ...(refreshToken && { refreshToken }),
    ...(refreshGraceMs !== undefined && { refreshGraceMs }),
    ...(expiresInMs !== undefined && { expiresAt: clock.now() + expiresInMs }),
  });
}

/** A token of another type than was asked for would be sent in a way that proves nothing. */
export function checkTokenType({ tokenType }: Tokens, wanted: Tokens["tokenType"]): void {
  if (tokenType === wanted) return;
  const what = `The authorization server gave a token of the type ${tokenType}, where ${wanted} was asked for`;
  throw new TenantryError("PROTOCOL_VIOLATION", `${what}; ask whoever runs it.`, { delivery: "unknown" });
}
