import { serveJson, type Alter } from "./alter.ts";
import { refuse, tokenOf, type Gate } from "./gate.ts";
import type { RecordedRequest } from "./recording.ts";

/** What a token says to the server that receives it. */
export interface VerifiedToken {
  /** The person, or the client that acts for itself. */
  readonly subject: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** The resource that it is good for (RFC 8707). */
  readonly resource: string | undefined;
  /** When it ends, in milliseconds since the Unix epoch. */
  readonly expiresAt: number;
  /** The thumbprint of the key that it is bound to (RFC 9449, section 6). */
  readonly keyThumbprint: string | undefined;
}

/** A DPoP proof and the request that it came with. */
export interface ProofUse {
  readonly proof: string;
  readonly method: string;
  /** The URL that the request was sent to, without its query. */
  readonly url: string;
}

/** Whoever issues tokens and can tell, in this process, whether one holds: an `AuthorizationServer` of `./oauth`. */
export interface TokenIssuer {
  readonly issuer: URL;
  /** What the token says; `undefined` for one that is unknown, has ended or is revoked. */
  verify(token: string): VerifiedToken | undefined;
  /** Whether a proof shows the key that the token is bound to (RFC 9449, section 7.1); each proof is good once. */
  holdsKey(token: string, use: ProofUse): Promise<boolean>;
}

/** Protects an MCP server with the tokens of an authorization server (MCP 2026-07-28, basic/authorization). */
export interface TokenAuthentication {
  /** Whose tokens it accepts. */
  readonly authorizationServer: TokenIssuer;
  /** The scopes that every request needs; defaults to none. */
  readonly scopes?: readonly string[];
  /** The scopes that a call of each tool needs beside those; a token without them is answered with 403. */
  readonly toolScopes?: Readonly<Record<string, readonly string[]>>;
  /** Whether a token has to be for this server's URL; defaults to `true`. */
  readonly checkAudience?: boolean;
  /** Where its metadata is (RFC 9728, section 3.1): at its path (the default), at the root, at both, or nowhere. */
  readonly metadata?: "path" | "root" | "both" | "none";
  /** Changes the metadata before it is served; what it gives, or the copy that it changed, may say anything. */
  readonly alterMetadata?: Alter;
  /** Changes the parameters of a challenge before it is sent; it is given a copy each time. */
  readonly alterChallenge?: (parameters: Record<string, string>) => Readonly<Record<string, string>>;
}

/** An issuer as its metadata spells it: one without a path has no slash at its end. */
export function issuerIdentifier(issuer: URL): string {
  return issuer.pathname === "/" && issuer.search === "" ? issuer.origin : issuer.href;
}

/** Lets requests through that carry a good token for this server. */
export class TokenGate implements Gate {
  readonly header = "authorization";
  readonly #options: TokenAuthentication;
  readonly #resource: () => URL;

  /** `resource` gives the server's URL, which is not known before it listens. */
  constructor(options: TokenAuthentication, resource: () => URL) {
    this.#options = options;
    this.#resource = resource;
  }

  userOf(headers: Readonly<Record<string, string>>): string | undefined {
    return this.#tokenOf(headers)?.subject;
  }

  async refusal(record: RecordedRequest): Promise<Response | undefined> {
    const { headers, tool } = record;
    const token = this.#tokenOf(headers);
    const { scopes = [], toolScopes = {} } = this.#options;
    if (token === undefined || !(await this.#isPresentedByItsOwner(token, record))) {
      // A request without a token is told nothing but where to get one (RFC 6750, section 3.1).
      const error = headers["authorization"] === undefined ? undefined : "invalid_token";
      return this.#challenge(headers, 401, { error, scope: scopes.join(" ") });
    }
    const ofTool = tool !== undefined && Object.hasOwn(toolScopes, tool) ? (toolScopes[tool] ?? []) : [];
    // Only what this request needs is named: a client that forgets what it already has loses it.
    const missing = [scopes, ofTool].find((needed) => !needed.every((scope) => token.scopes.includes(scope)));
    if (missing === undefined) return undefined;
    return this.#challenge(headers, 403, { error: "insufficient_scope", scope: missing.join(" ") });
  }

  document(pathname: string): Response | undefined {
    const { metadata = "path", alterMetadata, authorizationServer, scopes, toolScopes = {} } = this.#options;
    const places = metadata === "both" ? [this.#place("path"), wellKnown] : [];
    if (metadata === "path" || metadata === "root") places.push(this.#place(metadata));
    if (!places.includes(pathname)) return undefined;
    const supported = [...new Set([...(scopes ?? []), ...Object.values(toolScopes).flat()])];
    const document = {
      resource: this.#resource().href,
      authorization_servers: [issuerIdentifier(authorizationServer.issuer)],
      bearer_methods_supported: ["header"],
      ...(supported.length > 0 && { scopes_supported: supported }),
    };
    return serveJson(document, alterMetadata);
  }

  #tokenOf(headers: Readonly<Record<string, string>>): VerifiedToken | undefined {
    const value = tokenOf(headers);
    const token = value === undefined ? undefined : this.#options.authorizationServer.verify(value);
    const { checkAudience = true } = this.#options;
    return checkAudience && token?.resource !== this.#resource().href ? undefined : token;
  }

  /** A token that is bound to a key needs a proof, and the scheme that says so (RFC 9449, section 7). */
  async #isPresentedByItsOwner({ keyThumbprint }: VerifiedToken, record: RecordedRequest): Promise<boolean> {
    const { headers, method } = record;
    const value = tokenOf(headers) ?? "";
    const bound = showsProof(headers);
    if (keyThumbprint === undefined || !bound) return keyThumbprint === undefined && !bound;
    const use = { proof: headers["dpop"] ?? "", method, url: this.#resource().href };
    return this.#options.authorizationServer.holdsKey(value, use);
  }

  #place(metadata: "path" | "root"): string {
    return metadata === "root" ? wellKnown : `${wellKnown}${this.#resource().pathname}`;
  }

  /** The challenge of RFC 9728, section 5.1, and RFC 6750, section 3, in the scheme of the request. */
  #challenge(
    headers: Readonly<Record<string, string>>,
    status: 401 | 403,
    { error, scope }: { readonly error: string | undefined; readonly scope: string },
  ): Response {
    const { metadata = "path", alterChallenge } = this.#options;
    const place = metadata === "none" ? undefined : this.#place(metadata === "root" ? "root" : "path");
    const parameters: Record<string, string> = {
      ...(place !== undefined && { resource_metadata: new URL(place, this.#resource()).href }),
      ...(scope !== "" && { scope }),
      ...(error !== undefined && { error }),
    };
    const altered = Object.entries(alterChallenge?.(parameters) ?? parameters);
    const list = altered.map(([name, value]) => `${name}="${value.replace(/["\\]/gu, "\\$&")}"`).join(", ");
    const scheme = showsProof(headers) ? "DPoP" : "Bearer";
    const challenge = list === "" ? scheme : `${scheme} ${list}`;
    return refuse(status, status === 401 ? "Unauthorized" : "Forbidden", { "www-authenticate": challenge });
  }
}

/** Whether a request uses the scheme for tokens that are bound to a key (RFC 9449, section 7.1). */
function showsProof(headers: Readonly<Record<string, string>>): boolean {
  return /^dpop /iu.test(headers["authorization"] ?? "");
}

const wellKnown = "/.well-known/oauth-protected-resource";
