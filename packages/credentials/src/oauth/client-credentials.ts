import {
  TenantryError,
  type Clock,
  type Credential,
  type CredentialDependencies,
  type CredentialProvider,
  type CredentialRequest,
  type CredentialSource,
  type ServerRef,
} from "@tenantry/core";
import { bearerCredential } from "./bearer-credential.ts";
import type { OAuthClient } from "./client.ts";
import { Discovery } from "./discovery.ts";
import { FlightCache } from "./flight-cache.ts";
import { checkTokenType, randomName } from "./grant-of.ts";
import { OAuthHttp } from "./http.ts";
import { earlyEnd } from "./lifetime.ts";
import {
  checkClient,
  checkIssuerOptions,
  type CheckedIssuerOptions,
  type IssuerOptions,
  type RegisteredClient,
} from "./options.ts";
import { unionOf } from "./scopes.ts";
import { serverUrlOf } from "./server-url.ts";
import { tracedResolve } from "./traced-resolve.ts";
import { requestTokens, tokensOf } from "./token-request.ts";

/** How a host gets tokens of its own. */
export interface ClientCredentialsOptions extends IssuerOptions, RegisteredClient {}

/**
 * Gives everybody the same token: the host's own, got with its secret or private key and for no user (RFC 6749, section 4.4;
 * MCP extension `oauth-client-credentials`). It is kept in memory and asked for once, so it also serves connections with
 * `share: "workspace"` or `"everyone"`. Throws `CONFIG_INVALID` for options that cannot work, without showing a secret.
 */
export function clientCredentials(
  options: ClientCredentialsOptions,
): CredentialSource & { readonly slot: string } {
  const { id, secret, privateKey, authMethod } = options;
  const client = checkClient({
    id,
    ...(secret !== undefined && { secret }),
    ...(privateKey && { privateKey }),
    ...(authMethod && { authMethod }),
  });
  if (client.secret === undefined && client.privateKey === undefined)
    throw new TenantryError(
      "CONFIG_INVALID",
      "clientCredentials() takes a client with a secret or a private key.",
    );
  const checked = checkIssuerOptions(options, options);
  return Object.freeze({
    slot: checked.slot,
    bind: ({ fetch, clock, fingerprint }: CredentialDependencies) =>
      new ClientProvider(new OAuthHttp(fetch, clock, checked.limits), clock, fingerprint, client, checked),
  });
}

/** Gets the host's own tokens, one for each server. */
class ClientProvider implements CredentialProvider {
  readonly #http: OAuthHttp;
  readonly #clock: Clock;
  readonly #fingerprint: (text: string) => string;
  readonly #client: OAuthClient;
  readonly #options: CheckedIssuerOptions;
  readonly #discovery: Discovery;
  readonly #kept: FlightCache<Credential>;

  constructor(
    http: OAuthHttp,
    clock: Clock,
    fingerprint: (text: string) => string,
    client: OAuthClient,
    options: CheckedIssuerOptions,
  ) {
    this.#http = http;
    this.#clock = clock;
    this.#fingerprint = fingerprint;
    this.#client = client;
    this.#options = options;
    this.#discovery = new Discovery(http, clock, options.limits, options);
    this.#kept = new FlightCache(clock, { max: options.limits.maxServersKnown, ttlMs: Infinity });
  }

  resolve(request: CredentialRequest): Credential | undefined | Promise<Credential | undefined> {
    return tracedResolve(request, () => this.#resolve(request));
  }

  #resolve(request: CredentialRequest): Credential | Promise<Credential> {
    const { server, rejected } = request;
    const name = server.url ?? "";
    const kept = this.#kept.peek(name);
    if (kept !== undefined) {
      const lives = this.#clock.now() < (kept.expiresAt ?? Infinity);
      // Another token would be allowed no more than this one, which the refusal of is then final.
      const isEnough =
        rejected?.generation !== kept.generation || rejected.challenge?.parameters["error"] === insufficient;
      if (lives && isEnough) return kept;
      this.#kept.delete(name);
    }
    const challenged = rejected?.challenge?.parameters["resource_metadata"];
    const start = (signal: AbortSignal) => this.#request(server, challenged, signal);
    return this.#kept.get(name, start, { signal: request.signal });
  }

  async #request(
    server: ServerRef,
    challenged: string | undefined,
    signal: AbortSignal,
  ): Promise<Credential> {
    const { url, origin } = serverUrlOf(server, this.#options.slot);
    const resource = await this.#discovery.resource(url, { challenged, signal });
    const issuer = await this.#discovery.choose(resource, () => Promise.resolve(false), { signal });
    const scopes = this.#options.scopes ?? resource.scopes ?? [];
    const answer = await requestTokens(this.#http, {
      issuer,
      client: this.#client,
      grantType: "client_credentials",
      parameters: { resource: resource.identifier, ...(scopes.length > 0 && { scope: scopes.join(" ") }) },
      signal,
    });
    const tokens = tokensOf(answer);
    checkTokenType(tokens, "bearer");
    const identity = [issuer.identifier, this.#client.id, resource.identifier, ...unionOf(scopes, [])];
    return bearerCredential({
      subject: this.#fingerprint(JSON.stringify(["client_credentials", ...identity])),
      generation: randomName(),
      origins: Object.freeze([origin]),
      accessToken: tokens.accessToken,
      ...(tokens.expiresInMs !== undefined && {
        expiresAt: this.#clock.now() + earlyEnd(tokens.expiresInMs),
      }),
    });
  }
}

const insufficient = "insufficient_scope";
