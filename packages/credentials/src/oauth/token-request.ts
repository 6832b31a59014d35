import { quote, TenantryError, type Secret } from "@tenantry/core";
import {
  allowInsecureRequests,
  clockSkew,
  customFetch,
  genericTokenEndpointRequest,
  type DPoPHandle,
} from "oauth4webapi";
import { clientAuthOf, type OAuthClient } from "./client.ts";
import { jsonOf, type HttpRequest, type OAuthHttp } from "./http.ts";
import type { Issuer } from "./issuer.ts";
import { ProofKey } from "./proof-key.ts";
import { retryAfterOf } from "./retry-after.ts";
import { saidBy } from "./said.ts";
import { readTokens } from "./tokens.ts";

/** What an issuer answered to a token request (RFC 6749, section 5.1). */
export interface Tokens {
  readonly tokenType: "bearer" | "dpop";
  readonly accessToken: Secret;
  /** For how long the access token lives, in milliseconds from now; absent: the issuer has not said. */
  readonly expiresInMs?: number;
  readonly refreshToken?: Secret;
  /** Absent: as was asked for. */
  readonly scopes?: readonly string[];
}

/** One token request. */
export interface TokenRequest {
  readonly issuer: Issuer;
  readonly client: OAuthClient;
  readonly grantType: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
  /** The key that the tokens are to be bound to (RFC 9449, section 5). */
  readonly proofKey?: Secret | undefined;
}

/** What an issuer answered: tokens, or for good none, with its own word for why (RFC 6749, section 5.2). */
export type TokenAnswer =
  { readonly tokens: Tokens } | { readonly refused: string; readonly failure: TenantryError };

/** The body of a successful answer, or what the issuer said instead. */
export type PostedAnswer =
  | { readonly body: Readonly<Record<string, unknown>> | undefined; readonly status: number }
  | { readonly refused: string; readonly failure: TenantryError };

/**
 * Makes one token request and never a second. Rejects with a `TenantryError` whose `delivery` says what became of it:
 * `unsent` or `refused`: what was sent has not been used; `unknown`: it may have been.
 */
export async function requestTokens(http: OAuthHttp, request: TokenRequest): Promise<TokenAnswer> {
  const answer = await postToken(http, request);
  if ("refused" in answer) return answer;
  const tokens = answer.body && readTokens(answer.body);
  if (tokens) return { tokens };
  const what = `The token endpoint of ${quote(request.issuer.identifier)} answered with something that is no token`;
  throw new TenantryError("PROTOCOL_VIOLATION", `${what}; ask whoever runs it.`, {
    status: answer.status,
    delivery: "unknown",
  });
}

/**
 * The request of {@link requestTokens}, whose answer may be a token of another kind. One that was refused because its proof
 * lacks a nonce is sent once more, with the nonce that the refusal gave (RFC 9449, section 8).
 */
export async function postToken(http: OAuthHttp, request: TokenRequest): Promise<PostedAnswer> {
  const { proofKey } = request;
  if (proofKey === undefined) return postOnce(http, request, undefined);
  const proof = (await ProofKey.read(proofKey)).handle(http.skewSeconds);
  const answer = await postOnce(http, request, proof);
  const lacksNonce = "refused" in answer && answer.refused === "use_dpop_nonce";
  return lacksNonce ? postOnce(http, request, proof) : answer;
}

async function postOnce(
  http: OAuthHttp,
  request: TokenRequest,
  proof: DPoPHandle | undefined,
): Promise<PostedAnswer> {
  const { issuer, client, grantType, parameters, signal } = request;
  let posted: HttpRequest | undefined;
  const response = await genericTokenEndpointRequest(
    { issuer: issuer.name, token_endpoint: issuer.tokenEndpoint.href },
    { client_id: client.id, [clockSkew]: http.skewSeconds },
    clientAuthOf(client, issuer),
    grantType,
    { ...parameters },
    {
      [allowInsecureRequests]: true,
      [customFetch]: (url: string, sent: HttpRequest) => http.send(new URL(url), (posted = sent)),
      ...(signal && { signal }),
      ...(proof && { DPoP: proof }),
    },
  );
  const { status } = response;
  const body = await jsonOf(response);
  return status === 200 ? { body, status } : refusal(issuer, response, http.now, { body, sent: posted });
}

/** The tokens of an answer; throws the failure of one that holds none. */
export function tokensOf(answer: TokenAnswer): Tokens {
  if ("tokens" in answer) return answer.tokens;
  throw answer.failure;
}

/** What an issuer answered, and to what. */
interface Refused {
  readonly body: Readonly<Record<string, unknown>> | undefined;
  readonly sent: HttpRequest | undefined;
}

function refusal(
  { identifier }: Issuer,
  response: Response,
  now: number,
  { body, sent }: Refused,
): { readonly refused: string; readonly failure: TenantryError } {
  const { status, headers } = response;
  const error = body?.["error"];
  const who = `The authorization server ${quote(identifier)}`;
  if (status === 429 || (status === 503 && headers.has("retry-after"))) {
    const what = `${who} cannot answer now (HTTP ${status}); try again later.`;
    throw new TenantryError("CREDENTIAL_FAILED", what, {
      status,
      retryable: true,
      delivery: "refused",
      ...retryAfterOf(response, now),
    });
  }
  if (status < 400 || status >= 500 || typeof error !== "string") {
    const what = `${who} failed to give a token (HTTP ${status}); try again later.`;
    throw new TenantryError("CREDENTIAL_FAILED", what, { status, retryable: true, delivery: "unknown" });
  }
  const what = `${who} refused to give a token (${saidBy(body, sent)}).`;
  const failure = new TenantryError("CREDENTIAL_FAILED", what, { status, delivery: "answered" });
  return { refused: error, failure };
}
