import {
  isThenable,
  quote,
  raceAbort,
  secret,
  TenantryError,
  type Credential,
  type CredentialDependencies,
  type CredentialProvider,
  type CredentialRequest,
  type Secret,
} from "@tenantry/core";
import { bearerCredential } from "../oauth/bearer-credential.ts";
import { Discovery } from "../oauth/discovery.ts";
import { randomName } from "../oauth/grant-of.ts";
import { OAuthHttp } from "../oauth/http.ts";
import type { Issuer } from "../oauth/issuer.ts";
import { KeptCredentials } from "../oauth/kept-credentials.ts";
import { earlyEnd } from "../oauth/lifetime.ts";
import type { CheckedIssuerOptions } from "../oauth/options.ts";
import type { Resource } from "../oauth/resource.ts";
import { serverUrlOf } from "../oauth/server-url.ts";
import { tracedResolve } from "../oauth/traced-resolve.ts";
import { textOf, type BoundSource } from "../value-source.ts";

/** For what a token is got. */
interface Wanted {
  readonly subjectToken: Secret;
  readonly resource: Resource;
  /** Who issues tokens for the resource. */
  readonly issuer: Issuer;
  readonly scopes: readonly string[];
  readonly discovery: Discovery;
  readonly http: OAuthHttp;
  readonly signal: AbortSignal;
}

/** A token that was got for one. */
interface Got {
  readonly accessToken: Secret;
  readonly expiresInMs?: number;
}

/** What a provider of such tokens takes. */
export interface SubjectParts {
  readonly dependencies: Pick<CredentialDependencies, "fetch" | "clock" | "fingerprint">;
  readonly options: CheckedIssuerOptions;
  /** What the user has: an ID token, or a token of the host's own. */
  readonly subjectToken: BoundSource;
  readonly get: (wanted: Wanted) => Promise<Got>;
}

/**
 * Gives each user a token that was got for what the user has already, without asking the user. It is kept in memory, and
 * given only to who brings the very same: another subject token is another subject, with a connection of its own.
 */
export class SubjectProvider implements CredentialProvider {
  readonly #parts: SubjectParts;
  readonly #http: OAuthHttp;
  readonly #discovery: Discovery;
  readonly #kept: KeptCredentials;

  constructor(parts: SubjectParts) {
    const { options } = parts;
    const { fetch, clock } = parts.dependencies;
    const http = new OAuthHttp(fetch, clock, options.limits);
    this.#parts = parts;
    this.#http = http;
    this.#discovery = new Discovery(http, clock, options.limits, options);
    this.#kept = new KeptCredentials(clock, options, options.limits.maxFlowsKnown);
  }

  resolve(request: CredentialRequest): Credential | undefined | Promise<Credential | undefined> {
    return tracedResolve(request, () => this.#resolve(request));
  }

  #resolve(request: CredentialRequest): Credential | Promise<Credential> {
    const { scope } = request;
    if (scope.share !== "user")
      throw this.#missing(request, "a connection that many users share has none of them");
    const { subjectToken, dependencies } = this.#parts;
    const withToken = (value: unknown) => this.#withToken(request, textOf(value));
    let given: ReturnType<BoundSource["read"]>;
    try {
      given = subjectToken.read(request, dependencies.clock);
    } catch (cause) {
      throw this.#unreadable(request, cause);
    }
    if (!isThenable(given)) return withToken(given);
    const unreadable = (cause: unknown) => {
      throw this.#unreadable(request, cause);
    };
    return raceAbort(Promise.resolve(given), request.signal).then(withToken, unreadable);
  }

  #withToken(request: CredentialRequest, text: string | undefined): Credential | Promise<Credential> {
    const { scope, server } = request;
    if (text === undefined || scope.share !== "user")
      throw this.#missing(request, `provide ${this.#parts.subjectToken.describe(scope)}`);
    // The token's own digest is in the name, so that nobody is given what was got for another token, an administrator's say.
    const identity = JSON.stringify(["subject", scope.workspace, scope.user, server.url ?? null, text]);
    const name = this.#parts.dependencies.fingerprint(identity);
    return this.#kept.get(name, request, (ends) => this.#get(request, name, secret(text), ends));
  }

  async #get(
    request: CredentialRequest,
    name: string,
    subjectToken: Secret,
    signal: AbortSignal,
  ): Promise<Credential> {
    const { dependencies, options, get } = this.#parts;
    const { clock, fingerprint } = dependencies;
    const http = this.#http;
    const { server, rejected } = request;
    const { url, origin } = serverUrlOf(server, options.slot);
    const challenged = rejected?.challenge?.parameters["resource_metadata"];
    const resource = await this.#discovery.resource(url, { challenged, signal });
    const issuer = await this.#discovery.choose(resource, () => Promise.resolve(false), { signal });
    const scopes = options.scopes ?? resource.scopes ?? [];
    const discovery = this.#discovery;
    const { accessToken, expiresInMs } = await get({
      subjectToken,
      resource,
      issuer,
      scopes,
      discovery,
      http,
      signal,
    });
    return bearerCredential({
      subject: fingerprint(JSON.stringify([name, issuer.identifier, resource.identifier])),
      generation: randomName(),
      origins: Object.freeze([origin]),
      accessToken,
      ...(expiresInMs !== undefined && { expiresAt: clock.now() + earlyEnd(expiresInMs) }),
    });
  }

  #unreadable({ server, signal }: CredentialRequest, cause: unknown): TenantryError {
    signal?.throwIfAborted();
    const { slot } = this.#parts.options;
    const what = `The user's own token for the server ${quote(server.id)} could not be read; see the cause.`;
    const retryable = cause instanceof TenantryError && cause.retryable;
    return new TenantryError("CREDENTIAL_FAILED", what, { cause, retryable, server: server.id, slot });
  }

  #missing({ server }: CredentialRequest, why: string): TenantryError {
    const { slot } = this.#parts.options;
    const what = `The credential ${quote(slot)} of the server ${quote(server.id)} is got for a user's own token: ${why}.`;
    return new TenantryError("CREDENTIAL_MISSING", what, { server: server.id, slot });
  }
}
