import {
  quote,
  raceAbort,
  secret,
  TenantryError,
  type Clock,
  type Credential,
  type CredentialProvider,
  type CredentialRequest,
  type Secret,
} from "@tenantry/core";
import { bearerCredential } from "../oauth/bearer-credential.ts";
import { Discovery } from "../oauth/discovery.ts";
import { FlightCache } from "../oauth/flight-cache.ts";
import { randomName } from "../oauth/grant-of.ts";
import type { OAuthHttp } from "../oauth/http.ts";
import type { Issuer } from "../oauth/issuer.ts";
import { earlyEnd } from "../oauth/lifetime.ts";
import type { CheckedIssuerOptions } from "../oauth/options.ts";
import type { Resource } from "../oauth/resource.ts";
import { serverUrlOf } from "../oauth/server-url.ts";
import { textOf, type ValueSource } from "../value-source.ts";

/** For what a token is got. */
export interface Wanted {
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
export interface Got {
  readonly accessToken: Secret;
  readonly expiresInMs?: number;
}

/** What a provider of such tokens takes. */
export interface SubjectParts {
  readonly http: OAuthHttp;
  readonly clock: Clock;
  readonly fingerprint: (text: string) => string;
  readonly options: CheckedIssuerOptions;
  /** What the user has: an ID token, or a token of the host's own. */
  readonly subjectToken: ValueSource;
  readonly get: (wanted: Wanted) => Promise<Got>;
}

/** A credential, and what it was got for. */
interface Kept {
  readonly credential: Credential;
  readonly subjectToken: Secret;
}

/**
 * Gives each user a token that was got for what the user has already, without asking the user. It is kept in memory, and
 * given only to who brings the very same: another subject token, or none, is another answer.
 */
export class SubjectProvider implements CredentialProvider {
  readonly #parts: SubjectParts;
  readonly #discovery: Discovery;
  readonly #kept: FlightCache<Kept>;

  constructor(parts: SubjectParts) {
    const { http, clock, options } = parts;
    this.#parts = parts;
    this.#discovery = new Discovery(http, clock, options.limits, options);
    this.#kept = new FlightCache(clock, { max: options.limits.maxFlowsKnown, ttlMs: Infinity });
  }

  resolve(request: CredentialRequest): Credential | Promise<Credential> {
    const { scope, signal } = request;
    if (scope.share !== "user")
      throw this.#missing(request, "a connection that many users share has none of them");
    const given = this.#parts.subjectToken.read(request, this.#parts.clock);
    if (!(given instanceof Promise)) return this.#withToken(request, textOf(given));
    return raceAbort(given, signal).then((value) => this.#withToken(request, textOf(value)));
  }

  #withToken(request: CredentialRequest, text: string | undefined): Credential | Promise<Credential> {
    const { scope, server, rejected, signal } = request;
    if (text === undefined || scope.share !== "user")
      throw this.#missing(request, `provide ${this.#parts.subjectToken.describe(scope)}`);
    const name = JSON.stringify([scope.workspace, scope.user, server.url]);
    const kept = this.#kept.peek(name);
    if (kept !== undefined) {
      const { credential, subjectToken } = kept;
      const lives = this.#parts.clock.now() < (credential.expiresAt ?? Infinity);
      if (lives && subjectToken.reveal() === text && rejected?.generation !== credential.generation)
        return credential;
      this.#kept.delete(name);
    }
    // Under the token's own name too, so that who brings another one does not get what this one is for.
    const flight = this.#parts.fingerprint(JSON.stringify([name, text]));
    const start = (ends: AbortSignal) => this.#get(request, secret(text), ends);
    return this.#kept.get(flight, start, { signal }).then((got) => {
      this.#kept.delete(flight);
      this.#kept.set(name, got);
      return got.credential;
    });
  }

  async #get(request: CredentialRequest, subjectToken: Secret, signal: AbortSignal): Promise<Kept> {
    const { http, clock, fingerprint, options, get } = this.#parts;
    const { scope, server, rejected } = request;
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
    const user = scope.share === "user" ? [scope.workspace, scope.user] : [];
    const credential = bearerCredential({
      subject: fingerprint(JSON.stringify(["subject", issuer.identifier, resource.identifier, ...user])),
      generation: randomName(),
      origins: Object.freeze([origin]),
      accessToken,
      ...(expiresInMs !== undefined && { expiresAt: clock.now() + earlyEnd(expiresInMs) }),
    });
    return Object.freeze({ credential, subjectToken });
  }

  #missing({ server }: CredentialRequest, why: string): TenantryError {
    const { slot } = this.#parts.options;
    const what = `The credential ${quote(slot)} of the server ${quote(server.id)} is got for a user's own token: ${why}.`;
    return new TenantryError("CREDENTIAL_MISSING", what, { server: server.id, slot });
  }
}
