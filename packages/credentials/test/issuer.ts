import { secret, TenantryError, type Clock } from "@tenantry/core";
import type { Grant, Refreshed } from "../src/grants.ts";

/** How an issuer behaves. */
export interface IssuerOptions {
  readonly clock: Clock;
  /** Whether every refresh gives another refresh token; defaults to `true`. */
  readonly rotates?: boolean;
  /** For how long a used refresh token is taken again, in milliseconds; defaults to not at all. */
  readonly graceMs?: number;
  readonly accessTokenMs?: number;
}

/**
 * A small authorization server: it rotates refresh tokens, and the second use of one ends the whole authorization (RFC
 * 9700, section 4.14.2). It answers at once; whoever wants trouble wraps `send`.
 */
export class Issuer {
  readonly #options: IssuerOptions;
  readonly #authorizations = new Map<string, { over: boolean; latest: string }>();
  /** Of each refresh token: whose it is, and when it was first used. */
  readonly #tokens = new Map<string, { subject: string; usedAt?: number }>();
  #serial = 0;
  /** Requests that have arrived. */
  requests = 0;
  /** Refresh tokens that were used a second time when that was not allowed. */
  readonly reused: string[] = [];

  constructor(options: IssuerOptions) {
    this.#options = options;
  }

  /** What a person grants: the first tokens of a new authorization. */
  grant(parts: Partial<Grant> = {}): Grant {
    const subject = `subject-${++this.#serial}`;
    this.#authorizations.set(subject, { over: false, latest: "" });
    const { accessToken, expiresInMs = 0, refreshToken } = this.#issue(subject);
    const { graceMs } = this.#options;
    return Object.freeze({
      subject,
      generation: `generation-${this.#serial}`,
      issuer: "https://issuer.example.com",
      resource: "https://api.example.com/mcp",
      clientId: "client",
      scopes: Object.freeze(["read"]),
      tokenType: "bearer",
      accessToken,
      expiresAt: this.#options.clock.now() + expiresInMs,
      ...(refreshToken && { refreshToken }),
      ...(graceMs !== undefined && { refreshGraceMs: graceMs }),
      ...parts,
    } satisfies Grant);
  }

  /** One token request with the grant's refresh token. */
  refresh(grant: Grant): Refreshed {
    this.requests++;
    const token = grant.refreshToken?.reveal() ?? "";
    const record = this.#tokens.get(token);
    const authorization = record && this.#authorizations.get(record.subject);
    if (record === undefined || authorization === undefined || authorization.over) throw invalidGrant();
    const now = this.#options.clock.now();
    if (record.usedAt !== undefined && now - record.usedAt >= (this.#options.graceMs ?? 0)) {
      this.reused.push(token);
      authorization.over = true;
      throw invalidGrant();
    }
    if (this.#options.rotates !== false) record.usedAt ??= now;
    return this.#issue(record.subject);
  }

  /** Ends an authorization, as a person does on the issuer's own page. */
  end(subject: string): void {
    const authorization = this.#authorizations.get(subject);
    if (authorization) authorization.over = true;
  }

  /** Whether an access token is of a living authorization. */
  accepts(grant: Grant): boolean {
    return this.#authorizations.get(grant.subject)?.over === false;
  }

  #issue(subject: string): Refreshed {
    const serial = ++this.#serial;
    const { rotates = true, accessTokenMs = 3_600_000 } = this.#options;
    const authorization = this.#authorizations.get(subject);
    const next = rotates || authorization?.latest === "" ? `refresh-${serial}` : undefined;
    if (next !== undefined) {
      this.#tokens.set(next, { subject });
      if (authorization) authorization.latest = next;
    }
    return {
      accessToken: secret(`access-${serial}`),
      expiresInMs: accessTokenMs,
      ...(next !== undefined && { refreshToken: secret(next) }),
    };
  }
}

/** What `send` throws where the issuer takes the refresh token no longer. */
export function invalidGrant(): TenantryError {
  return new TenantryError("AUTHORIZATION_REQUIRED", "The issuer said invalid_grant; authorize again.", {
    delivery: "answered",
  });
}
