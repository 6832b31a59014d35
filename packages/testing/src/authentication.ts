/** Which keys a server accepts, and whose they are. */
export interface Authentication {
  /** The header that carries the key, such as `x-api-key` or `authorization`. */
  readonly header: string;
  /** The user of each key; for `authorization` a key is given with its scheme, or without for `Bearer`. */
  readonly keys: Readonly<Record<string, string>>;
}

/** The keys that a server accepts now. */
export class Keys {
  /** The header that carries the key, in lower case; `undefined` where the server asks for none. */
  readonly header: string | undefined;
  #users: ReadonlyMap<string, string>;

  constructor(authentication: Authentication | undefined) {
    this.header = authentication?.header.toLowerCase();
    this.#users = new Map(Object.entries(authentication?.keys ?? {}));
  }

  /** Accepts these keys and no others from now on. */
  replace(keys: Readonly<Record<string, string>>): void {
    this.#users = new Map(Object.entries(keys));
  }

  /** The user that a request's key belongs to; `undefined` for a missing or an unknown one. */
  userOf(headers: Readonly<Record<string, string>>): string | undefined {
    const value = this.header === undefined ? undefined : headers[this.header];
    if (value === undefined) return undefined;
    const bearer =
      this.header === "authorization" ? /^bearer +(?<token>.+)$/iu.exec(value)?.groups?.["token"] : undefined;
    return this.#users.get(value) ?? (bearer === undefined ? undefined : this.#users.get(bearer));
  }

  /** The `WWW-Authenticate` challenge for a refused request (RFC 9110, section 11.6.1; RFC 6750, section 3). */
  challenge(headers: Readonly<Record<string, string>>): string {
    const scheme = this.header === "authorization" ? "Bearer" : "ApiKey";
    const given = this.header !== undefined && headers[this.header] !== undefined;
    return given ? `${scheme} realm="fake", error="invalid_token"` : `${scheme} realm="fake"`;
  }
}
