import { quote, secret, TenantryError, type Secret } from "@tenantry/core";
import { z } from "zod";
import { postToken, type TokenRequest } from "../oauth/token-request.ts";

/** Names of token types (RFC 8693, section 3; ID-JAG, section 3). */
export const tokenTypes = Object.freeze({
  accessToken: "urn:ietf:params:oauth:token-type:access_token",
  idToken: "urn:ietf:params:oauth:token-type:id_token",
  idJag: "urn:ietf:params:oauth:token-type:id-jag",
});

/** What is exchanged for what. */
export interface Exchange extends Pick<TokenRequest, "issuer" | "client" | "signal"> {
  readonly subjectToken: Secret;
  readonly subjectTokenType: string;
  readonly requestedTokenType: string;
  /** Whom the token is to be for. */
  readonly audience?: string | undefined;
  readonly resource: string;
  readonly scopes: readonly string[];
}

/** A token that was got for another one. */
export interface Exchanged {
  readonly token: Secret;
  /** `N_A` where it is no access token. */
  readonly tokenType: string;
  readonly expiresInMs?: number;
}

const answerSchema = z.object({
  access_token: z.string().regex(/^[\u0021-\u007e]{1,16000}$/u),
  issued_token_type: z.string().max(256),
  token_type: z.string().max(32),
  expires_in: z.number().nonnegative().max(315_360_000).optional().catch(undefined),
});

/**
 * Exchanges one token for another (RFC 8693, section 2.1). Rejects as a token request does, and with `PROTOCOL_VIOLATION`
 * where the answer is no token of the requested type.
 */
export async function exchangeToken(
  http: Parameters<typeof postToken>[0],
  exchange: Exchange,
): Promise<Exchanged> {
  const { issuer, client, signal, subjectToken, audience, scopes } = exchange;
  const answer = await postToken(http, {
    issuer,
    client,
    grantType: "urn:ietf:params:oauth:grant-type:token-exchange",
    parameters: {
      subject_token: subjectToken.reveal(),
      subject_token_type: exchange.subjectTokenType,
      requested_token_type: exchange.requestedTokenType,
      resource: exchange.resource,
      ...(audience !== undefined && { audience }),
      ...(scopes.length > 0 && { scope: scopes.join(" ") }),
    },
    signal,
  });
  if ("failure" in answer) throw answer.failure;
  const parsed = answerSchema.safeParse(answer.body);
  if (!parsed.success || parsed.data.issued_token_type !== exchange.requestedTokenType) {
    const what = `${quote(issuer.identifier)} exchanged a token for something else than was asked for`;
    throw new TenantryError("PROTOCOL_VIOLATION", `${what}; ask whoever runs it.`, { delivery: "unknown" });
  }
  const { access_token: text, token_type: tokenType, expires_in: seconds } = parsed.data;
  return Object.freeze({
    token: secret(text),
    tokenType,
    ...(seconds !== undefined && { expiresInMs: seconds * 1_000 }),
  });
}
