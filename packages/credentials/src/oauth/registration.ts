import { quote, secret, TenantryError, type Secret } from "@tenantry/core";
import { allowInsecureRequests, customFetch, dynamicClientRegistrationRequest } from "oauth4webapi";
import { z } from "zod";
import type { ClientAuthMethod } from "./client.ts";
import { jsonOf, type HttpRequest, type OAuthHttp } from "./http.ts";
import type { Issuer } from "./issuer.ts";
import { retryAfterOf } from "./retry-after.ts";
import { saidBy } from "./said.ts";
import { isLoopback } from "./web-url.ts";

/** A client that an issuer has registered. */
export interface Registration {
  readonly id: string;
  readonly secret?: Secret;
  readonly authMethod: ClientAuthMethod;
  /** When its secret ends, in milliseconds since the Unix epoch. */
  readonly expiresAt?: number;
}

/** How a client is registered. */
export interface RegistrationRequest {
  readonly callbackUrl: URL;
  readonly name: string;
  readonly signal: AbortSignal;
}

/** What this host can do, as it wishes to; it keeps secrets, so that it need not be a public client. */
const methods = ["client_secret_basic", "client_secret_post", "none"] as const;

// oauth4webapi demands `client_secret_expires_at` beside every secret, which many servers leave out.
const answerSchema = z.object({
  client_id: z.string().min(1).max(2_048),
  client_secret: z.string().min(1).max(8_192).optional(),
  client_secret_expires_at: z.number().nonnegative().optional().catch(undefined),
  token_endpoint_auth_method: z.enum(methods).optional().catch(undefined),
});

/**
 * Registers a client (RFC 7591, section 3.1), with the `application_type` that fits its callback (SEP-837). Rejects with
 * `CONFIG_INVALID` where the issuer registers nobody, and with `CREDENTIAL_FAILED` where it refuses to.
 */
export async function registerClient(
  http: OAuthHttp,
  issuer: Issuer,
  { callbackUrl, name, signal }: RegistrationRequest,
): Promise<Registration> {
  const { registrationEndpoint, identifier, clientAuthMethods = ["client_secret_basic"] } = issuer;
  if (registrationEndpoint === undefined) {
    const what = `The authorization server ${quote(identifier)} registers no clients by itself`;
    const way = `register one there with the redirect URI ${callbackUrl.href} and give it as oauth({ client })`;
    throw new TenantryError("CONFIG_INVALID", `${what}; ${way}.`);
  }
  const wished = methods.find((method) => clientAuthMethods.includes(method)) ?? "none";
  const response = await dynamicClientRegistrationRequest(
    { issuer: identifier, registration_endpoint: registrationEndpoint.href },
    {
      client_name: name,
      redirect_uris: [callbackUrl.href],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: wished,
      application_type: isLoopback(callbackUrl) ? "native" : "web",
    },
    {
      [allowInsecureRequests]: true,
      [customFetch]: (url: string, request: HttpRequest) => http.send(new URL(url), request),
      signal,
    },
  );
  const answer = await jsonOf(response);
  if (response.status !== 200 && response.status !== 201)
    throw refused(identifier, response, http.now, answer);
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) throw refused(identifier, response, http.now, undefined);
  return registrationOf(parsed.data, wished);
}

function registrationOf(
  answer: z.infer<typeof answerSchema>,
  wished: (typeof methods)[number],
): Registration {
  const { client_id: id, client_secret: text, client_secret_expires_at: expires = 0 } = answer;
  // What was registered may differ from what was asked for (RFC 7591, section 3.2.1).
  const said = answer.token_endpoint_auth_method ?? wished;
  return Object.freeze({
    id,
    authMethod: text === undefined ? "none" : said,
    ...(text !== undefined && { secret: secret(text) }),
    // 0 says that it does not.
    ...(text !== undefined && expires > 0 && { expiresAt: expires * 1_000 }),
  });
}

function refused(
  identifier: string,
  response: Response,
  now: number,
  answer: Readonly<Record<string, unknown>> | undefined,
): TenantryError {
  const { status } = response;
  // What is sent to register is no secret.
  const why = saidBy(answer, undefined) ?? `HTTP ${status}`;
  const what = `The authorization server ${quote(identifier)} did not register a client (${why})`;
  const way = "register one by hand and give it as oauth({ client })";
  return new TenantryError("CREDENTIAL_FAILED", `${what}; ${way}, or try again later.`, {
    status,
    retryable: status === 429 || status >= 500,
    ...retryAfterOf(response, now),
  });
}
