import type { IncomingMessage, ServerResponse } from "node:http";
import { TenantryError } from "@tenantry/core";
import type { JSONWebKeySet } from "jose";
import { serveJson } from "../alter.ts";
import { ActiveFaults, type Faults } from "../faults.ts";
import { Loopback } from "../loopback.ts";
import { answerOrMisbehave } from "../misbehaviour.ts";
import type { ProofUse, TokenIssuer, VerifiedToken } from "../protected-resource.ts";
import { problem } from "./answers.ts";
import { authorize } from "./authorize.ts";
import type { OAuthClient } from "./client.ts";
import { verifyProof } from "./dpop.ts";
import type { IssuedToken, TokenFilter } from "./ledger.ts";
import { isMetadataPath, metadataOf, type AuthorizationServerMetadata } from "./metadata.ts";
import type { AuthorizationServerOptions } from "./options.ts";
import { Realm } from "./realm.ts";
import { OAuthRecording, type OAuthEndpoint, type OAuthRequest } from "./recording.ts";
import { revoke } from "./revoke.ts";
import { createSigningKey } from "./signing-key.ts";
import { token } from "./token.ts";

/** Which requests to an authorization server a fault meets; what is left out does not matter. */
export interface OAuthFaultFilter {
  readonly endpoint?: OAuthEndpoint;
  /** The `grant_type` of a token request. */
  readonly grantType?: string;
  readonly clientId?: string;
  /** The HTTP method. */
  readonly method?: string;
  /** How many requests it meets; defaults to all until it is taken back. */
  readonly times?: number;
}

/** A real authorization server on 127.0.0.1 that tells what it was asked and what it issued. */
export interface AuthorizationServer extends TokenIssuer, AsyncDisposable {
  /** Who it is; its metadata spells one without a path without the slash at the end. */
  readonly issuer: URL;
  /** What it says about itself, before `alterMetadata`. */
  readonly metadata: AuthorizationServerMetadata;
  /** The public keys that it signs with. */
  readonly jwks: JSONWebKeySet;
  /** Every HTTP request, in order of arrival, those that were refused included. */
  readonly requests: readonly OAuthRequest[];
  /** Every code and token that it issued, in order; each shows how often it was used and whether it is revoked. */
  readonly issued: readonly IssuedToken[];
  /** Every client that it knows, with their secrets. */
  readonly clients: readonly OAuthClient[];
  /** What goes wrong. With `afterWork` a refresh is committed and its answer is lost. */
  readonly faults: Faults<OAuthFaultFilter>;
  /** What an access token says; `undefined` for one that is unknown, has ended or is revoked. */
  verify(token: string): VerifiedToken | undefined;
  /** Takes the grants of these tokens back, with everything that belongs to them; defaults to all. */
  revoke(filter?: TokenFilter): void;
  /** Ends these tokens now, as if their time had come; defaults to all. */
  expire(filter?: TokenFilter): void;
  /** Everything that it issued and nobody else may know: codes, tokens and clients' secrets. */
  secrets(): readonly string[];
  /** Ends its sockets; gives the same promise every time. */
  close(): Promise<void>;
}

/** Starts an authorization server on a free port of 127.0.0.1; throws `CONNECT_FAILED` where it cannot listen. */
export async function startAuthorizationServer(
  options: AuthorizationServerOptions = {},
): Promise<AuthorizationServer> {
  const { path = "" } = options;
  if (path !== "" && !/^(?:\/[\w.~-]+)+$/u.test(path))
    throw new TenantryError(
      "ARGUMENT_INVALID",
      "The path of an issuer is like `/tenant`; leave it out for none.",
    );
  const key = await createSigningKey();
  // Nobody knows the port, and so nothing arrives, before the server is there.
  const loopback: Loopback = new Loopback((request, response) => server.receive(request, response));
  const issuer = new URL(path, await loopback.listen());
  const server = new LoopbackAuthorizationServer(new Realm(options, issuer, key), issuer, loopback);
  return server;
}

class LoopbackAuthorizationServer implements AuthorizationServer {
  readonly faults = new ActiveFaults<OAuthFaultFilter>();
  readonly #realm: Realm;
  readonly #issuer: URL;
  readonly #recording: OAuthRecording;
  readonly #loopback: Loopback;

  constructor(realm: Realm, issuer: URL, loopback: Loopback) {
    this.#realm = realm;
    this.#issuer = issuer;
    this.#recording = new OAuthRecording(realm.clock);
    this.#loopback = loopback;
  }

  get issuer(): URL {
    return new URL(this.#issuer);
  }

  get metadata(): AuthorizationServerMetadata {
    return metadataOf(this.#realm);
  }

  get jwks(): JSONWebKeySet {
    return structuredClone(this.#realm.key.jwks);
  }

  get requests(): readonly OAuthRequest[] {
    return this.#recording.requests;
  }

  get issued(): readonly IssuedToken[] {
    return this.#realm.ledger.entries;
  }

  get clients(): readonly OAuthClient[] {
    return this.#realm.clients.all;
  }

  verify(value: string): VerifiedToken | undefined {
    const { ledger } = this.#realm;
    const entry = ledger.find("access_token", value);
    if (entry === undefined || !ledger.holds(entry)) return undefined;
    const { subject, clientId, scopes, resource, expiresAt, keyThumbprint } = entry;
    return { subject, clientId, scopes, resource, expiresAt, keyThumbprint };
  }

  async holdsKey(token: string, use: ProofUse): Promise<boolean> {
    const { keyThumbprint } = this.verify(token) ?? {};
    const proven = await verifyProof(this.#realm, use, token);
    return keyThumbprint !== undefined && proven?.thumbprint === keyThumbprint;
  }

  revoke(filter: TokenFilter = {}): void {
    for (const { grant } of this.#realm.ledger.select(filter)) this.#realm.ledger.revoke(grant);
  }

  expire(filter: TokenFilter = {}): void {
    const now = this.#realm.clock.now();
    for (const entry of this.#realm.ledger.select(filter)) entry.expiresAt = Math.min(entry.expiresAt, now);
  }

  secrets(): readonly string[] {
    const ofClients = this.clients.flatMap(({ client_secret }) => client_secret ?? []);
    return [...this.issued.map(({ value }) => value), ...ofClients];
  }

  close(): Promise<void> {
    return this.#loopback.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Answers one request. */
  async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "/", this.#issuer);
    const exchange = await this.#recording.receive(request, response, endpointAt(this.#realm, pathname));
    const met = this.faults.take(exchange.record);
    await answerOrMisbehave(exchange, met, this.#realm.clock, () => serve(this.#realm, exchange.record));
  }
}

/** Which endpoint is at a path; registration is there only where it is offered. */
function endpointAt(realm: Realm, pathname: string): OAuthEndpoint | undefined {
  if (isMetadataPath(pathname, realm.options)) return "metadata";
  const { dynamicRegistration = true } = realm.options;
  const names = [
    "jwks",
    "authorize",
    "token",
    "revoke",
    ...(dynamicRegistration ? ["register" as const] : []),
  ] as const;
  return names.find((name) => new URL(realm.endpoint(name)).pathname === pathname);
}

async function serve(realm: Realm, request: OAuthRequest): Promise<Response> {
  switch (request.endpoint) {
    case "metadata":
      return serveJson(metadataOf(realm), realm.options.alterMetadata);
    case "jwks":
      return Response.json(realm.key.jwks);
    case "authorize":
      return authorize(realm, request);
    case "token":
      return token(realm, request);
    case "register":
      return realm.clients.register(request.method === "POST" ? request.json : undefined);
    case "revoke":
      return revoke(realm, request);
    case undefined:
      return problem("not_found", "There is no such endpoint.", 404);
  }
}
