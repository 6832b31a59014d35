import { refuse, tokenOf, type Gate } from "./gate.ts";
import type { RecordedRequest } from "./recording.ts";

/** Which keys a server accepts, and whose they are. */
export interface Authentication {
  /** The header that carries the key, such as `x-api-key` or `authorization`. */
  readonly header: string;
  /** The user of each key; for `authorization` a key is given with its scheme, or without for `Bearer`. */
  readonly keys: Readonly<Record<string, string>>;
}

/** The keys that a server accepts now. */
export class Keys implements Gate {
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

  userOf(headers: Readonly<Record<string, string>>): string | undefined {
    const value = this.header === undefined ? undefined : headers[this.header];
    if (value === undefined) return undefined;
    const bearer = this.header === "authorization" ? tokenOf(headers) : undefined;
    return this.#users.get(value) ?? (bearer === undefined ? undefined : this.#users.get(bearer));
  }

  /** Refuses with the `WWW-Authenticate` challenge of RFC 9110, section 11.6.1, and RFC 6750, section 3. */
  refusal({ headers, user }: RecordedRequest): Response | undefined {
    if (this.header === undefined || user !== undefined) return undefined;
    const scheme = this.header === "authorization" ? "Bearer" : "ApiKey";
    const error = headers[this.header] === undefined ? "" : ', error="invalid_token"';
    return refuse(401, "Unauthorized", { "www-authenticate": `${scheme} realm="fake"${error}` });
  }

  document(): undefined {
    return undefined;
  }
}
