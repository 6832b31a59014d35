import { secret } from "@tenantry/core";
import { z } from "zod";
import { parseScopes } from "./scopes.ts";
import type { Tokens } from "./token-request.ts";

/** What may stand behind `Bearer ` in a header (RFC 6750, section 2.1); issuers use more than its alphabet. */
const credentialText = z.string().regex(/^[\u0021-\u007e]{1,8000}$/u);
/** Nothing is kept for longer than that, and a later moment is no longer exact. */
const maxSeconds = 10 * 365 * 24 * 3_600;

const answerSchema = z.object({
  access_token: credentialText,
  token_type: z.string().max(32),
  expires_in: z
    .union([z.number(), z.string().regex(/^\d{1,12}$/u)])
    .optional()
    .catch(undefined),
  refresh_token: z.string().min(1).max(32_768).optional().catch(undefined),
  scope: z.string().optional().catch(undefined),
});

/**
 * Reads the answer of a token endpoint; `undefined` where it holds no token that can be sent. oauth4webapi's own reading is
 * not used: it judges ID tokens, which nobody asked for here, and puts the whole answer into the cause of its errors.
 */
export function readTokens(answer: Readonly<Record<string, unknown>>): Tokens | undefined {
  const parsed = answerSchema.safeParse(answer);
  const tokenType = parsed.data?.token_type.toLowerCase();
  if (!parsed.success || (tokenType !== "bearer" && tokenType !== "dpop")) return undefined;
  const { access_token, expires_in, refresh_token, scope } = parsed.data;
  const seconds = expires_in === undefined ? undefined : Number(expires_in);
  return Object.freeze({
    tokenType,
    accessToken: secret(access_token),
    ...(seconds !== undefined && { expiresInMs: Math.max(0, Math.min(seconds, maxSeconds)) * 1_000 }),
    ...(refresh_token !== undefined && { refreshToken: secret(refresh_token) }),
    ...(scope !== undefined && { scopes: parseScopes(scope) }),
  });
}
