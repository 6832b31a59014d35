import { secret, type Credential, type CredentialHeaders, type Origin, type Secret } from "@tenantry/core";

/** What a bearer credential is made of. */
export interface BearerFacts {
  readonly subject: string;
  readonly generation: string;
  readonly origins: readonly Origin[];
  readonly accessToken: Secret;
  readonly expiresAt?: number;
}

/** An access token as it is sent (RFC 6750, section 2.1). */
export function bearerCredential(facts: BearerFacts): Credential {
  return Object.freeze(new BearerCredential(facts));
}

/** A class, because there is one for each of very many users. */
class BearerCredential implements Credential {
  readonly subject: string;
  readonly generation: string;
  readonly origins: readonly Origin[];
  declare readonly expiresAt?: number;
  readonly #headers: CredentialHeaders;

  constructor({ subject, generation, origins, accessToken, expiresAt }: BearerFacts) {
    this.subject = subject;
    this.generation = generation;
    this.origins = origins;
    if (expiresAt !== undefined) this.expiresAt = expiresAt;
    const value = secret(`Bearer ${accessToken.reveal()}`);
    this.#headers = Object.freeze({ authorization: Object.freeze({ value, replaces: false }) });
  }

  headers(): CredentialHeaders {
    return this.#headers;
  }
}
