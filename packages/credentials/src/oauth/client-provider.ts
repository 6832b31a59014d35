import type {
  Credential,
  CredentialDependencies,
  CredentialProvider,
  CredentialRequest,
  ServerRef,
} from "@tenantry/core";
import { bearerCredential } from "./bearer-credential.ts";
import type { OAuthClient } from "./client.ts";
import { Discovery } from "./discovery.ts";
import { checkTokenType, randomName } from "./grant-of.ts";
import { OAuthHttp } from "./http.ts";
import { KeptCredentials } from "./kept-credentials.ts";
import { earlyEnd } from "./lifetime.ts";
import type { CheckedIssuerOptions } from "./options.ts";
import { serverUrlOf } from "./server-url.ts";
import { requestTokens, tokensOf, type TokenRequest } from "./token-request.ts";
import { tracedResolve } from "./traced-resolve.ts";

/** What a client that acts for itself shows an issuer. */
type ClientGrant = Pick<TokenRequest, "grantType" | "parameters">;

/** What getting a client's own tokens takes. */
export interface ClientParts {
  readonly dependencies: Pick<CredentialDependencies, "fetch" | "clock" | "fingerprint">;
  readonly client: OAuthClient;
  readonly options: CheckedIssuerOptions;
  /** What the client shows, read anew for each token. */
  readonly show: (server: ServerRef, signal: AbortSignal) => ClientGrant | Promise<ClientGrant>;
}

/** Gets the host's own tokens, one for each server, and keeps each in memory until it ends. */
export class ClientProvider implements CredentialProvider {
  readonly #parts: ClientParts;
  readonly #http: OAuthHttp;
  readonly #discovery: Discovery;
  readonly #kept: KeptCredentials;

  constructor(parts: ClientParts) {
    const { options, dependencies } = parts;
    const { fetch, clock } = dependencies;
    this.#parts = parts;
    this.#http = new OAuthHttp(fetch, clock, options.limits);
    this.#discovery = new Discovery(this.#http, clock, options.limits, options);
    this.#kept = new KeptCredentials(clock, options, options.limits.maxServersKnown);
  }

  resolve(request: CredentialRequest): Credential | undefined | Promise<Credential | undefined> {
    return tracedResolve(request, () => this.#resolve(request));
  }

  #resolve(request: CredentialRequest): Credential | Promise<Credential> {
    const { server, rejected } = request;
    const name = server.url ?? "";
    const challenged = rejected?.challenge?.parameters["resource_metadata"];
    const start = (signal: AbortSignal) => this.#get(server, challenged, signal);
    return this.#kept.get(name, request, start);
  }

  async #get(server: ServerRef, challenged: string | undefined, signal: AbortSignal): Promise<Credential> {
    const { client, options, dependencies, show } = this.#parts;
    const { url, origin } = serverUrlOf(server, options.slot);
    const resource = await this.#discovery.resource(url, { challenged, signal });
    const issuer = await this.#discovery.choose(resource, () => Promise.resolve(false), { signal });
    const scopes = options.scopes ?? resource.scopes ?? [];
    const { grantType, parameters } = await show(server, signal);
    const scope = scopes.length > 0 && { scope: scopes.join(" ") };
    const asked = { ...parameters, ...scope, resource: resource.identifier };
    const http = this.#http;
    const tokens = tokensOf(
      await requestTokens(http, { issuer, client, grantType, parameters: asked, signal }),
    );
    checkTokenType(tokens, "bearer");
    const identity = [grantType, issuer.identifier, client.id, resource.identifier, ...scopes];
    const { accessToken, expiresInMs } = tokens;
    return bearerCredential({
      subject: dependencies.fingerprint(JSON.stringify(identity)),
      generation: randomName(),
      origins: Object.freeze([origin]),
      accessToken,
      ...(expiresInMs !== undefined && { expiresAt: dependencies.clock.now() + earlyEnd(expiresInMs) }),
    });
  }
}
