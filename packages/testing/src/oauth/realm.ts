import { createHash } from "node:crypto";
import { systemClock, type Clock } from "@tenantry/core";
import { issuerIdentifier } from "../protected-resource.ts";
import { Clients } from "./clients.ts";
import { Ledger } from "./ledger.ts";
import type { AuthorizationRequest, AuthorizationServerOptions } from "./options.ts";
import type { SigningKey } from "./signing-key.ts";

/** What the endpoints of one authorization server share. */
export class Realm {
  readonly options: AuthorizationServerOptions;
  readonly clock: Clock;
  /** The issuer as its metadata and its tokens spell it. */
  readonly issuer: string;
  readonly key: SigningKey;
  readonly clients: Clients;
  readonly ledger: Ledger;
  /** What each code was asked for with. */
  readonly codes = new Map<string, AuthorizationRequest>();
  /** The nonces for DPoP proofs that were given out. */
  readonly nonces = new Set<string>();
  /** The `jti` of every assertion and proof that was accepted: each is good once. */
  readonly seen = new Set<string>();
  readonly #base: string;

  constructor(options: AuthorizationServerOptions, issuer: URL, key: SigningKey) {
    const { clock = systemClock } = options;
    this.options = options;
    this.clock = clock;
    this.key = key;
    this.issuer = issuerIdentifier(issuer);
    this.#base = issuer.href.replace(/\/$/u, "");
    this.clients = new Clients(options, clock);
    this.ledger = new Ledger(clock);
  }

  /** The URL of one of its endpoints. */
  endpoint(name: string): string {
    return `${this.#base}/${name}`;
  }

  /** What is granted of the scopes that a client asks for. */
  grantScopes(requested: readonly string[], clientId: string): readonly string[] {
    const { scopes, grantScopes } = this.options;
    if (grantScopes !== undefined) return Object.freeze([...grantScopes(requested, { clientId })]);
    return Object.freeze(requested.filter((scope) => scopes === undefined || scopes.includes(scope)));
  }

  /** The time as libraries take it. */
  now(): Date {
    return new Date(this.clock.now());
  }
}

/** The scopes of a `scope` field (RFC 6749, section 3.3), each once. */
export function scopesOf(field: unknown): readonly string[] {
  return typeof field === "string" ? [...new Set(field.split(" ").filter((scope) => scope !== ""))] : [];
}

/** A digest in base64url, as PKCE and DPoP take it (RFC 7636, section 4.2; RFC 9449, section 4.2). */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
